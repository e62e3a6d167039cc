//! One line of InfluxDB's line protocol: `measurement,tag=value field="value",field=1i time`.

use std::collections::BTreeMap;

/// Tags and fields by name, without quotes, escapes and the letter of a number's type.
pub(super) fn fields(line: &str) -> BTreeMap<String, String> {
    split(line.trim_end(), ' ')
        .iter()
        .take(2)
        .flat_map(|part| split(part, ','))
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            Some((plain(key), plain(value)))
        })
        .collect()
}

/// The parts between separators that are neither quoted nor escaped.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        } else if c == separator && !quoted {
            parts.extend(text.get(begin..at));
            begin = at + c.len_utf8();
        }
    }
    parts.extend(text.get(begin..));
    parts
}

fn plain(value: &str) -> String {
    let Some(text) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) else {
        let number = value.strip_suffix(['i', 'u']).filter(|n| n.parse::<i64>().is_ok());
        return unescaped(number.unwrap_or(value));
    };
    unescaped(text)
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match (c, c == '\\') {
            (_, false) => c,
            (_, true) => match chars.next().unwrap_or(c) {
                'n' => '\n',
                other => other,
            },
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn quotes_and_escapes_hide_separators() {
        let line = r#"syslog,appname=a\ b,severity=alert severity_code=1i,message="x, \"y\" = <1>z",version=3u 17"#;
        let shown: Vec<_> = fields(line).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            shown,
            ["appname=a b", r#"message=x, "y" = <1>z"#, "severity=alert", "severity_code=1", "version=3"]
        );
    }
}

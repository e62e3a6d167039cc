//! XML: `<AuditLog>` with one `<Record>` a record and one element a column.
//!
//! What is read may be named otherwise: a record is any element whose child elements or attributes are named like columns, an
//! action and a user among them. Refused: a document type (so no entity of its own is ever expanded), nesting deeper than
//! [`DEPTH`], more records than [`MOST_ROWS`].

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::MOST_ROWS;
use super::column::{Column, Row};
use super::record::AuditRecord;

/// Elements inside each other.
const DEPTH: usize = 16;
/// Text of one element that is kept, in bytes; no cell is as long.
const LONGEST_TEXT: usize = 4_096;

/// The records as one document.
#[must_use]
pub fn write_xml<'a>(records: impl IntoIterator<Item = &'a AuditRecord>) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AuditLog>\n");
    for record in records {
        text.push_str("  <Record>");
        for column in Column::ALL {
            let (element, cell) = (column.element(), column.of(record));
            let cell = quick_xml::escape::escape(cell.as_str());
            text.push_str(&format!("<{element}>{cell}</{element}>"));
        }
        text.push_str("</Record>\n");
    }
    text.push_str("</AuditLog>\n");
    text
}

/// An element that is open.
#[derive(Default)]
struct Element {
    name: String,
    row: Row,
    text: String,
    /// A column occurred twice.
    twice: bool,
}

/// The rows of a document.
///
/// # Errors
/// Says what is wrong.
pub fn read_xml(text: &str) -> Result<Vec<Row>, String> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let (mut open, mut rows): (Vec<Element>, Vec<Row>) = (Vec::new(), Vec::new());
    loop {
        let at = reader.buffer_position();
        let wrong = |what: &str| format!("not XML that is read here, at byte {at}: {what}");
        match reader.read_event().map_err(|error| wrong(&error.to_string()))? {
            Event::Start(start) => {
                if open.len() >= DEPTH {
                    return Err(wrong("elements lie too deep in each other"));
                }
                open.push(element(&start).map_err(|what| wrong(&what))?);
            }
            Event::Empty(start) => {
                let closed = element(&start).map_err(|what| wrong(&what))?;
                close(closed, open.last_mut(), &mut rows).map_err(|what| wrong(&what))?;
            }
            Event::End(_) => {
                let closed = open.pop().ok_or_else(|| wrong("an end without a beginning"))?;
                close(closed, open.last_mut(), &mut rows).map_err(|what| wrong(&what))?;
            }
            Event::Text(part) => add_text(open.last_mut(), &part),
            Event::CData(part) => add_text(open.last_mut(), &part),
            Event::GeneralRef(reference) => {
                let whole = format!("&{};", &*reference);
                let known =
                    quick_xml::escape::unescape(&whole).map_err(|_| wrong("an entity that is not XML's own"))?;
                add_text(open.last_mut(), &known);
            }
            Event::DocType(_) => return Err(wrong("a document type, which is never read")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if open.is_empty() => return Ok(rows),
            Event::Eof => return Err(wrong("it ends inside an element")),
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let name = start.local_name().as_ref().to_owned();
    let mut element = Element { name, ..Element::default() };
    // Whether a column is there twice is seen below; the reader's own check would keep every name.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let Some(column) = Column::named(attribute.key.local_name().as_ref()) else { continue };
        let value =
            quick_xml::escape::unescape(&attribute.value).map_err(|_| "an entity that is not XML's own".to_owned())?;
        element.twice |= !element.row.put(column, &value);
    }
    Ok(element)
}

fn add_text(open: Option<&mut Element>, part: &str) {
    if let Some(open) = open
        && open.text.len() + part.len() <= LONGEST_TEXT
    {
        open.text.push_str(part);
    }
}

/// An element ends: it is a record, or a cell of the one around it, or nothing.
fn close(element: Element, around: Option<&mut Element>, rows: &mut Vec<Row>) -> Result<(), String> {
    if element.row.has(Column::Action) && element.row.has(Column::User) {
        if element.twice {
            return Err(format!("a column is twice in <{}>", element.name));
        }
        if rows.len() >= MOST_ROWS {
            return Err(format!("more than {MOST_ROWS} records"));
        }
        rows.push(element.row);
    } else if let (Some(column), Some(around)) = (Column::named(&element.name), around) {
        around.twice |= !around.row.put(column, &element.text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::failed_login;
    use super::*;
    use crate::event::Name;

    #[test]
    fn a_record_is_an_element_and_is_read_back() {
        let record = AuditRecord { user: Name::from_wire("<b>&\"'"), ..failed_login() };
        let written = write_xml([&record]);
        assert!(written.contains("<UserLoginID>&lt;b&gt;&amp;&quot;&apos;</UserLoginID><SourceIPAddress>192.0.2.30</"));
        let rows = read_xml(&written).unwrap();
        assert_eq!((rows.len(), rows[0].text(Column::User)), (1, "<b>&\"'"));
    }

    #[test]
    fn other_names_of_records_attributes_and_character_data_are_read() {
        let text = "<?xml version=\"1.0\"?><logs xmlns:m=\"urn:x\"><m:entry Action='Login' user_login_id='j&#100;oe'/>\
                    <entry><Action>Logout</Action><User_Login_ID><![CDATA[a<b]]></User_Login_ID><Colour>red</Colour></entry></logs>";
        let users: Vec<String> = read_xml(text).unwrap().iter().map(|row| row.text(Column::User).to_owned()).collect();
        assert_eq!(users, ["jdoe", "a<b"]);
    }

    #[test]
    fn an_element_with_a_hundred_thousand_attributes_is_read_at_once_and_a_column_that_is_there_twice_is_found() {
        let filler: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
        let record = format!("<r{filler} Action='Login' User='jdoe'/>");
        assert_eq!(read_xml(&record).unwrap()[0].text(Column::User), "jdoe");
        let twice = format!("<r{filler} Action='Login' User='jdoe' user='root'/>");
        assert!(read_xml(&twice).unwrap_err().ends_with("a column is twice in <r>"));
    }

    #[test]
    fn what_would_be_expanded_or_endless_is_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>";
        assert!(read_xml(bomb).unwrap_err().ends_with("a document type, which is never read"));
        assert!(read_xml("<x>&a;</x>").unwrap_err().ends_with("an entity that is not XML's own"));
        assert!(read_xml(&"<x>".repeat(17)).unwrap_err().ends_with("elements lie too deep in each other"));
        assert!(read_xml("<x>").unwrap_err().ends_with("it ends inside an element"));
        let twice = "<r><Action>Login</Action><User>a</User><User>b</User></r>";
        assert!(read_xml(twice).unwrap_err().ends_with("a column is twice in <r>"));
    }
}

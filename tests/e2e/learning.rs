//! A new box does not know what is usual, and says so.

use serde_json::json;

use super::programs::{output, text};
use super::site::Site;

const UNTIL_THEN: &str =
    "(detect.learning-days): until then a spray or slow climb is a notice unless it is far above its limit";

#[test]
fn a_new_box_says_that_it_is_still_learning_and_for_how_long() {
    let mut site = Site::start();
    let advice = format!("still learning what is usual here, for 7 days {UNTIL_THEN}");
    let line = format!("  ADVICE: {advice}");
    assert_eq!(site.printed_line(|line| line.contains("ADVICE")), line);
    let (health, _) = site.ask("health");
    assert_eq!(health["advice"], json!([advice]));
    let left = health["learning_s"].as_u64().unwrap();
    assert!((600_000..=604_800).contains(&left), "{left}");
    let said = text(&output(&mut site.command("health")).stdout);
    assert!(said.lines().any(|said| said == line), "{said}");
}

#[test]
fn a_box_that_is_not_to_learn_says_nothing_of_it() {
    let site = Site::start_with(|settings| settings.top = "[detect]\nlearning-days = 0".into());
    let (health, _) = site.ask("health");
    assert_eq!((&health["advice"], &health["learning_s"]), (&json!([]), &json!(0)));
}

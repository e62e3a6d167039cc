//! The keys by which is decided: `[policy]` and `[detect]`.

use super::super::forms::PATTERN;
use super::super::reference::{Key, form, list, number, text};

pub(super) const KEYS: &[Key] = &[
    number("policy.failed-logons", 0, 100, "", "3", FAILED_LOGONS),
    number("policy.reset-min", 1, 120, "min", "30", "Failures older than this no longer count."),
    number("policy.lockout-min", 0, 1440, "min", "30", LOCKOUT),
    number("policy.os.failed-logons", 0, 100, "", "3", FAILED_LOGONS),
    number("policy.os.reset-s", 1, 7200, "s", "300", "Failures older than this no longer count."),
    number("policy.os.lockout-s", 0, 86_400, "s", "300", LOCKOUT),
    text(
        "policy.for.realm",
        form("a realm", r#""cucm", "os", "unix" or "mitel""#),
        "",
        r#""cucm""#,
        "Only accounts of this realm.",
    ),
    text("policy.for.cluster", PATTERN, "", r#""hq-*""#, "Only accounts of clusters that fit."),
    text("policy.for.account", PATTERN, "", r#""admin*""#, "Only accounts whose name fits."),
    text(
        "policy.for.credential",
        form("a credential", r#""pin" or "password""#),
        "",
        r#""pin""#,
        "Only failures that are known to be about this credential. CUCM counts the two apart, and its alarms seldom say which it was.",
    ),
    number("policy.for.failed-logons", 0, 100, "", "", FAILED_LOGONS),
    number("policy.for.reset-min", 1, 120, "min", "", "Failures older than this no longer count."),
    number("policy.for.lockout-min", 0, 1440, "min", "", LOCKOUT),
    number(
        "detect.merge-window-s",
        1,
        30,
        "s",
        "3",
        "Reports of one account this close together, by different ways, are one attempt.",
    ),
    number(
        "detect.quiet-s",
        1,
        86_400,
        "s",
        "300",
        "Repeats on an open alert are counted this long before one update is sent.",
    ),
    number("detect.repeated-failures.more-than", 0, 99, "", "9", MORE_THAN),
    number("detect.repeated-failures.window-s", 1, 86_400, "s", "600", "In this time."),
    number(
        "detect.repeated-failures.quiet-s",
        1,
        86_400,
        "s",
        "3600",
        "No second alert about the same account in this time.",
    ),
    number("detect.repeated-failures.unix.more-than", 0, 99, "", "2", MORE_THAN),
    number("detect.repeated-failures.unix.window-s", 1, 86_400, "s", "10", "In this time."),
    number(
        "detect.repeated-failures.unix.quiet-s",
        1,
        86_400,
        "s",
        "30",
        "No second alert about the same account in this time.",
    ),
    number(
        "detect.repeated-failures.cluster.more-than",
        0,
        255,
        "",
        "0",
        "The alert fires at the failure after this many; 0: never.",
    ),
    number("detect.repeated-failures.cluster.window-s", 1, 86_400, "s", "180", "In this time."),
    number(
        "detect.repeated-failures.cluster.quiet-s",
        1,
        86_400,
        "s",
        "3600",
        "No second alert about the same cluster in this time.",
    ),
    list(
        "detect.privileged",
        PATTERN,
        r#"["root"]"#,
        r#""root" or "oracle*""#,
        "Accounts of Unix hosts and of platforms whose repeated failures are critical (severity 2 of HP-UX HIDS), as is a \
         failed `su` by or to one.",
    ),
    number(
        "detect.failed-su.more-than",
        0,
        15,
        "",
        "2",
        "The alert fires at the failed `su` after this many; 0: never.",
    ),
    number("detect.failed-su.window-s", 1, 86_400, "s", "86400", "In this time."),
    number("detect.failed-su.quiet-s", 1, 86_400, "s", "3600", "No second alert about the same user in this time."),
    number(
        "detect.blind-node.silent-h",
        0,
        8_760,
        "h",
        "72",
        "A node that sends nothing for so long is blind; 0: never.",
    ),
    number(
        "detect.blind-node.no-sign-ins-h",
        0,
        8_760,
        "h",
        "72",
        "A node that sends, but from which nothing about a sign-in ever came, is blind after so long; 0: never.",
    ),
];

const FAILED_LOGONS: &str = "Failures that lock the account; 0: it never locks.";
const LOCKOUT: &str = "How long a lock lasts; 0: until an administrator acts.";
const MORE_THAN: &str = "The alert is raised at the failure after this many; 0: never.";

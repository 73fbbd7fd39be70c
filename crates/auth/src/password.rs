//! Which passwords are accepted.

use crate::common_passwords;
use vigie_kernel::{EmailAddress, FieldError};

/// Most code points of a password.
pub const MAX_PASSWORD_CHARS: usize = 128;
/// Most bytes of a password.
pub const MAX_PASSWORD_BYTES: usize = 512;

/// Names of the product and of who is behind it must not make a password.
const PRODUCT: &str = "vigie";
/// A name shorter than this says nothing: it would be found in any password.
const SHORTEST_NAME: usize = 4;
/// Rows of a keyboard, each of which gives runs in both directions.
const ROWS: [&str; 8] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
];

/// What a password must not contain.
#[derive(Clone, Copy, Debug, Default)]
pub struct PasswordContext<'a> {
    /// The address of the account.
    pub email: Option<&'a EmailAddress>,
    /// The name of the organization.
    pub organization_name: Option<&'a str>,
    /// The short name of the organization.
    pub organization_slug: Option<&'a str>,
}

/// Checks a new password under a field name. Any character is welcome, nothing is trimmed, no mixture is demanded.
///
/// Codes: `required`, `password_too_short` (`min`), `password_too_long` (`max`), `password_contains_name`,
/// `password_common` (a run, a repetition, a walk over the keyboard, or one of the 120,000 that are tried first).
pub fn check_password(
    field: &'static str,
    password: &str,
    min_chars: usize,
    context: PasswordContext<'_>,
) -> Result<(), FieldError> {
    check_length(field, password)?;
    if password.chars().count() < min_chars {
        return Err(FieldError::new(field, "password_too_short").with("min", min_chars));
    }
    if contains_name(password, context) {
        return Err(FieldError::new(field, "password_contains_name"));
    }
    if is_trivial(password) || common_passwords::contains(password) {
        return Err(FieldError::new(field, "password_common"));
    }
    Ok(())
}

/// Checks only what is checked of a password that is presented at a login: there, and not too long to hash.
pub(crate) fn check_length(field: &'static str, password: &str) -> Result<(), FieldError> {
    if password.is_empty() {
        return Err(FieldError::new(field, "required"));
    }
    if password.len() > MAX_PASSWORD_BYTES || password.chars().count() > MAX_PASSWORD_CHARS {
        return Err(FieldError::new(field, "password_too_long").with("max", MAX_PASSWORD_CHARS));
    }
    Ok(())
}

fn contains_name(password: &str, context: PasswordContext<'_>) -> bool {
    let password = letters_of(password);
    [
        Some(PRODUCT),
        context.email.map(EmailAddress::local_part),
        context.organization_name,
        context.organization_slug,
    ]
    .into_iter()
    .flatten()
    .map(letters_of)
    .any(|name| name.chars().count() >= SHORTEST_NAME && password.contains(&name))
}

/// Letters and digits only, in lower case: `Gmah-Paris` and `GMAH Paris` are the same name.
fn letters_of(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_trivial(password: &str) -> bool {
    let chars: Vec<char> = password.chars().flat_map(char::to_lowercase).collect();
    let mut distinct = chars.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let runs = 1 + chars.windows(2).filter(|pair| !continues(pair[0], pair[1])).count();
    let repeats = (1..=4).any(|period| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b));
    distinct.len() <= 4 || runs <= 3 || repeats
}

/// Whether the second character follows the first by itself: the same, or its neighbour in a row.
fn continues(first: char, second: char) -> bool {
    first == second
        || ROWS.iter().any(|row| {
            row.chars()
                .zip(row.chars().skip(1))
                .any(|(a, b)| (a, b) == (first, second) || (b, a) == (first, second))
        })
}

//! `docs/errors.md`, made from the tables.

use super::field::FIELD_MESSAGES;
use super::{Code, Whose};
use std::fmt::Write as _;
use vigie_kernel::Locale;

/// The text of `docs/errors.md`.
#[must_use]
pub fn errors_document() -> String {
    let mut text = String::from(HEAD);
    for code in Code::ALL {
        let whose = match code.whose() {
            Whose::Caller => "caller",
            Whose::Ours => "server",
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {whose} | {} | {} |",
            code.name(),
            code.status().as_u16(),
            code.title(Locale::En),
            code.title(Locale::Fr)
        );
    }
    text.push_str(FIELDS_HEAD);
    for (code, en, fr) in FIELD_MESSAGES {
        let _ = writeln!(text, "| `{code}` | {en} | {fr} |");
    }
    text
}

const HEAD: &str = "\
# Errors

Every error is answered as problem JSON (RFC 9457, `application/problem+json`): `type`, `title`, `status`, `detail`, `code`,
`request_id` and `errors`, a list of `{pointer, code, message, params}`. `code` is stable; texts are in French or English as
`Accept-Language` asks. `pointer` is a JSON pointer into the body, or `?name` for a query parameter. An error of the server
tells no cause: the log has it under the `request_id`.

This file is made from the tables in `apps/api/src/problem`; `UPDATE_DOCS=1 cargo test -p vigie-api` writes it.

## Codes

| Code | Status | Whose | English | French |
|---|---|---|---|---|
";

const FIELDS_HEAD: &str = "
## Codes of field errors

They come in `errors` of `validation_failed` and of the request errors above.

| Code | English | French |
|---|---|---|
";

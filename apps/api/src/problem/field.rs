//! The one table of field errors: a message in each language for each code.

use vigie_kernel::{FieldError, Locale};

/// Code, English, French. `{name}` is replaced by the parameter of that name.
pub(super) const FIELD_MESSAGES: &[(&str, &str, &str)] = &[
    // The structure of a request.
    ("field_unknown", "There is no such field here.", "Ce champ n'existe pas ici."),
    ("parameter_unknown", "There is no such query parameter here.", "Ce paramètre n'existe pas ici."),
    ("field_duplicate", "It is given more than once.", "Il est donné plus d'une fois."),
    ("type_invalid", "It has the wrong type.", "Il n'a pas le bon type."),
    ("object_expected", "The body must be a JSON object.", "Le corps doit être un objet JSON."),
    ("json_syntax", "Not valid JSON at line {line}, column {column}.", "JSON non valide, ligne {line}, colonne {column}."),
    ("nested_too_deep", "It nests deeper than {max} levels.", "Il est imbriqué sur plus de {max} niveaux."),
    ("body_too_large", "At most {max_bytes} bytes are accepted.", "Au plus {max_bytes} octets sont acceptés."),
    ("id_invalid", "This is not an id (a UUID).", "Ce n'est pas un identifiant (UUID)."),
    ("cursor_invalid", "This cursor is not one of this list.", "Ce curseur n'est pas de cette liste."),
    // Any field.
    ("required", "It is required.", "Il est obligatoire."),
    ("value_unknown", "It is none of the accepted names.", "Il n'est aucun des noms acceptés."),
    ("not_in_range", "It must be a whole number from {min} to {max}.", "Il doit être un nombre entier de {min} à {max}."),
    ("not_true_or_false", "It must be true or false.", "Il doit valoir true ou false."),
    ("out_of_range", "It must be from {min} to {max}.", "Il doit être compris entre {min} et {max}."),
    ("too_long", "It has {actual} characters; at most {max} are accepted.", "Il compte {actual} caractères ; {max} au plus sont acceptés."),
    ("too_short", "It has {actual} characters; at least {min} are needed.", "Il compte {actual} caractères ; {min} au moins sont nécessaires."),
    ("invalid_characters", "It contains control characters.", "Il contient des caractères de contrôle."),
    ("date_invalid", "It must be a date such as 2026-02-28.", "Il doit être une date telle que 2026-02-28."),
    ("not_supported", "This is not supported yet.", "Ceci n'est pas encore pris en charge."),
    // Numbers.
    ("number_invalid", "It is not a number; the decimal mark is a point.", "Ce n'est pas un nombre ; le séparateur décimal est le point."),
    ("number_out_of_range", "It has more than 18 digits before the decimal point.", "Il a plus de 18 chiffres avant la virgule."),
    ("too_many_decimals", "It has more than 10 digits after the decimal point.", "Il a plus de 10 chiffres après la virgule."),
    // Names and addresses.
    ("slug_invalid", "It must have 3 to 40 lower-case letters, digits and inner hyphens.", "Il doit avoir de 3 à 40 minuscules, chiffres et tirets intérieurs."),
    ("slug_reserved", "This name is reserved.", "Ce nom est réservé."),
    ("email_invalid", "It is not an e-mail address.", "Ce n'est pas une adresse e-mail."),
    // Actions.
    ("owner_no_access", "This member is not in the organization.", "Ce membre n'est pas dans l'organisation."),
    ("action_progress_mismatch", "The progress does not fit the status.", "L'avancement ne correspond pas à l'état."),
    ("action_transition", "An action does not go from {from} to {to}.", "Une action ne passe pas de {from} à {to}."),
    ("status_required", "It needs a change of status.", "Il faut un changement d'état."),
];

/// The message of a field error. A code that the table lacks (a test forbids it) gets a general message.
#[must_use]
pub fn field_message(error: &FieldError, locale: Locale) -> String {
    let found = FIELD_MESSAGES.iter().find(|(code, _, _)| *code == error.code);
    let (en, fr) = found.map_or(("It is not valid.", "Il n'est pas valide."), |(_, en, fr)| (*en, *fr));
    let template = match locale {
        Locale::En => en,
        Locale::Fr => fr,
    };
    error
        .params
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

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
    (
        "json_syntax",
        "Not valid JSON at line {line}, column {column}.",
        "JSON non valide, ligne {line}, colonne {column}.",
    ),
    ("nested_too_deep", "It nests deeper than {max} levels.", "Il est imbriqué sur plus de {max} niveaux."),
    (
        "body_too_large",
        "At most {max_bytes} bytes are accepted.",
        "Au plus {max_bytes} octets sont acceptés.",
    ),
    ("id_invalid", "This is not an id (a UUID).", "Ce n'est pas un identifiant (UUID)."),
    ("cursor_invalid", "This cursor is not one of this list.", "Ce curseur n'est pas de cette liste."),
    // Any field.
    ("required", "It is required.", "Il est obligatoire."),
    ("value_unknown", "It is none of the accepted names.", "Il n'est aucun des noms acceptés."),
    (
        "not_in_range",
        "It must be a whole number from {min} to {max}.",
        "Il doit être un nombre entier de {min} à {max}.",
    ),
    ("not_true_or_false", "It must be true or false.", "Il doit valoir true ou false."),
    (
        "colour_invalid",
        "It must be a colour such as #1a56db.",
        "Elle doit être une couleur telle que #1a56db.",
    ),
    (
        "url_invalid",
        "It must be an https address without user and password.",
        "Il doit être une adresse https sans utilisateur ni mot de passe.",
    ),
    ("out_of_range", "It must be from {min} to {max}.", "Il doit être compris entre {min} et {max}."),
    (
        "too_long",
        "It has {actual} characters; at most {max} are accepted.",
        "Il compte {actual} caractères ; {max} au plus sont acceptés.",
    ),
    ("invalid_characters", "It contains control characters.", "Il contient des caractères de contrôle."),
    ("date_invalid", "It must be a date such as 2026-02-28.", "Il doit être une date telle que 2026-02-28."),
    (
        "instant_invalid",
        "It must be an instant such as 2026-02-28T09:30:00Z.",
        "Il doit être un instant tel que 2026-02-28T09:30:00Z.",
    ),
    ("not_supported", "This is not supported yet.", "Ceci n'est pas encore pris en charge."),
    ("too_many", "At most {max} are accepted.", "{max} au plus sont acceptés."),
    (
        "date_in_future",
        "It must not be after today, {today}.",
        "Elle ne doit pas être après aujourd'hui, {today}.",
    ),
    ("locale_unknown", "The languages are fr and en.", "Les langues sont fr et en."),
    (
        "template_invalid",
        "It is no template: write names of columns in braces.",
        "Ce n'est pas un modèle : écrivez les noms de colonnes entre accolades.",
    ),
    // Numbers.
    (
        "number_invalid",
        "It is not a number; the decimal mark is a point.",
        "Ce n'est pas un nombre ; le séparateur décimal est le point.",
    ),
    (
        "number_out_of_range",
        "It has more than 18 digits before the decimal point.",
        "Il a plus de 18 chiffres avant la virgule.",
    ),
    (
        "too_many_decimals",
        "It has more than 10 digits after the decimal point.",
        "Il a plus de 10 chiffres après la virgule.",
    ),
    // Names and addresses.
    (
        "slug_invalid",
        "It must have 3 to 40 lower-case letters, digits and inner hyphens.",
        "Il doit avoir de 3 à 40 minuscules, chiffres et tirets intérieurs.",
    ),
    (
        "domain_invalid",
        "It is not a host name that an organization can have of its own.",
        "Ce n'est pas un nom d'hôte qu'une organisation puisse avoir en propre.",
    ),
    (
        "domain_taken",
        "Another organization has this domain already.",
        "Une autre organisation a déjà ce domaine.",
    ),
    ("slug_reserved", "This name is reserved.", "Ce nom est réservé."),
    ("email_invalid", "It is not an e-mail address.", "Ce n'est pas une adresse e-mail."),
    ("password_too_short", "At least {min} characters are needed.", "Il faut au moins {min} caractères."),
    ("password_too_long", "It has more than {max} characters.", "Il compte plus de {max} caractères."),
    (
        "password_common",
        "This password is one of the first that are tried.",
        "Ce mot de passe est l'un des premiers essayés.",
    ),
    ("already_owner", "He is an owner already.", "Il est déjà propriétaire."),
    ("password_wrong", "This is not your password.", "Ce n'est pas votre mot de passe."),
    ("password_unchanged", "It is the password that you have.", "C'est le mot de passe que vous avez."),
    (
        "password_contains_name",
        "It contains your address or a name that is easy to guess.",
        "Il contient votre adresse ou un nom facile à deviner.",
    ),
    // Dashboards and KPIs.
    (
        "owner_unknown",
        "This owner is not a member of the organization.",
        "Ce propriétaire n'est pas membre de l'organisation.",
    ),
    ("tenant_unknown", "There is no such organization.", "Cette organisation n'existe pas."),
    ("dashboard_unknown", "There is no such dashboard.", "Ce tableau de bord n'existe pas."),
    (
        "code_invalid",
        "It must have 1 to 40 letters, digits, underscores, points and hyphens.",
        "Il doit avoir de 1 à 40 lettres, chiffres, tirets bas, points et tirets.",
    ),
    ("kpi_code_taken", "Another KPI has this code already.", "Un autre indicateur porte déjà ce code."),
    (
        "frequency_frozen",
        "It cannot change once there are values.",
        "Elle ne peut plus changer dès qu'il y a des valeurs.",
    ),
    (
        "direction_needs_thresholds",
        "It needs thresholds in the same request.",
        "Il exige des seuils dans la même requête.",
    ),
    (
        "threshold_order",
        "The thresholds are not in the order that {direction} asks for.",
        "Les seuils ne sont pas dans l'ordre que {direction} demande.",
    ),
    (
        "threshold_incomplete",
        "Another threshold has to be given with this one.",
        "Un autre seuil doit être donné avec celui-ci.",
    ),
    (
        "threshold_shape",
        "This threshold does not fit {direction}.",
        "Ce seuil ne convient pas à {direction}.",
    ),
    // Periods and values.
    (
        "period_invalid",
        "It is neither a date nor the key of a period.",
        "Ce n'est ni une date ni la clé d'une période.",
    ),
    (
        "period_frequency_mismatch",
        "A {given} period was given for a {wanted} KPI.",
        "Une période {given} a été donnée pour un indicateur {wanted}.",
    ),
    (
        "period_bounds_mismatch",
        "These dates are not the bounds of one period; those are {start} and {end}.",
        "Ces dates ne sont pas les bornes d'une période ; ce sont {start} et {end}.",
    ),
    (
        "period_in_future",
        "The period begins after today, {today}.",
        "La période commence après aujourd'hui, {today}.",
    ),
    (
        "period_before_start",
        "The first expected period is {first}.",
        "La première période attendue est {first}.",
    ),
    ("period_after_end", "The last expected period is {last}.", "La dernière période attendue est {last}."),
    (
        "period_order",
        "The first period is after the last one: {start}, {end}.",
        "La première période est après la dernière : {start}, {end}.",
    ),
    (
        "period_locked",
        "Periods are closed through {closed_through}.",
        "Les périodes sont clôturées jusqu'au {closed_through}.",
    ),
    (
        "period_twice",
        "Give either the period or its first and last date.",
        "Donnez soit la période, soit ses première et dernière dates.",
    ),
    ("range_too_long", "At most {max} periods are accepted.", "{max} périodes au plus sont acceptées."),
    ("value_exists", "The period has a value already.", "La période a déjà une valeur."),
    (
        "value_not_applicable",
        "A period that is not applicable has no value.",
        "Une période non applicable n'a pas de valeur.",
    ),
    (
        "reason_unexpected",
        "A reason goes with not_applicable only.",
        "Un motif ne va qu'avec not_applicable.",
    ),
    // Actions.
    (
        "owner_no_access",
        "This member is not in the organization.",
        "Ce membre n'est pas dans l'organisation.",
    ),
    (
        "action_progress_mismatch",
        "A progress of {actual} does not fit the status.",
        "Un avancement de {actual} ne correspond pas à l'état.",
    ),
    (
        "action_transition",
        "An action does not go from {from} to {to}.",
        "Une action ne passe pas de {from} à {to}.",
    ),
    // Plans.
    (
        "plan_limit_reached",
        "{resource}: {used} of the {limit} that the plan {plan} allows.",
        "{resource} : {used} sur les {limit} que permet la formule {plan}.",
    ),
    (
        "module_disabled",
        "The module {module} is not on for this organization.",
        "Le module {module} n'est pas actif pour cette organisation.",
    ),
    ("instant_passed", "It must be after now, {now}.", "Il doit être après maintenant, {now}."),
    ("status_required", "It needs a change of status.", "Il faut un changement d'état."),
];

/// The message of a field error. A code that the table lacks (a test forbids it) gets a general message.
#[must_use]
pub(crate) fn field_message(error: &FieldError, locale: Locale) -> String {
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

//! The one table of error codes. `docs/errors.md` is made from it.

use actix_web::http::StatusCode;
use vigie_kernel::Locale;

/// Whose fault an error is: decides how it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The caller can do something about it.
    Caller,
    /// The operator has to.
    Ours,
}

macro_rules! codes {
    ($($variant:ident $name:literal $status:literal $whose:ident $en:literal $fr:literal;)+) => {
        /// A stable error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the table gives each code's meaning as its title")]
        pub(crate) enum Code {
            $($variant),+
        }

        impl Code {
            /// Every code, in the table's order.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name in answers.
            #[must_use]
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            const fn status_number(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// Whose fault it is.
            #[must_use]
            pub(crate) const fn whose(self) -> Whose {
                match self { $(Self::$variant => Whose::$whose),+ }
            }

            /// What it means.
            #[must_use]
            pub(crate) const fn title(self, locale: Locale) -> &'static str {
                match (self, locale) {
                    $((Self::$variant, Locale::En) => $en,
                      (Self::$variant, Locale::Fr) => $fr),+
                }
            }
        }
    };
}

impl Code {
    /// The code of that name, or `None`.
    #[must_use]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// The HTTP status.
    #[must_use]
    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.status_number()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

codes! {
    // The request itself.
    JsonMalformed "json_malformed" 400 Caller "The body is not valid JSON." "Le corps n'est pas du JSON valide.";
    BodyUnreadable "body_unreadable" 400 Caller "The body could not be read." "Le corps n'a pas pu être lu.";
    BodyTimeout "body_timeout" 408 Caller "The body took too long to arrive." "Le corps a mis trop de temps à arriver.";
    BodyTooLarge "body_too_large" 413 Caller "The body is too large." "Le corps est trop grand.";
    UriTooLong "uri_too_long" 414 Caller "The address is too long." "L'adresse est trop longue.";
    UnsupportedMediaType "unsupported_media_type" 415 Caller "This content type or content encoding is not accepted here." "Ce type ou cet encodage de contenu n'est pas accepté ici.";
    MultipartMalformed "multipart_malformed" 400 Caller "The multipart form is not valid." "Le formulaire multipart n'est pas valide.";
    PathInvalid "path_invalid" 400 Caller "The address is not valid." "L'adresse n'est pas valide.";
    QueryInvalid "query_invalid" 400 Caller "The query parameters are not valid." "Les paramètres de requête ne sont pas valides.";
    HeaderInvalid "header_invalid" 400 Caller "A header is not valid." "Un en-tête n'est pas valide.";
    IfMatchInvalid "if_match_invalid" 400 Caller "If-Match must be * or one entity tag such as \"3\"." "If-Match doit être * ou une seule étiquette telle que \"3\".";
    IdempotencyKeyRequired "idempotency_key_required" 400 Caller "This request needs an Idempotency-Key." "Cette requête exige un Idempotency-Key.";
    IdempotencyKeyInvalid "idempotency_key_invalid" 400 Caller "Idempotency-Key must be 1 to 255 visible ASCII characters, given once." "Idempotency-Key doit compter de 1 à 255 caractères ASCII visibles et n'être donné qu'une fois.";
    IdempotencyKeyReused "idempotency_key_reused" 422 Caller "This Idempotency-Key was used for another request within the last 24 hours." "Cet Idempotency-Key a servi à une autre requête dans les dernières 24 heures.";
    IdempotencyInProgress "idempotency_in_progress" 409 Caller "A request with this Idempotency-Key is in progress: try again in a moment." "Une requête avec cet Idempotency-Key est en cours : réessayez dans un instant.";
    RequestInvalid "request_invalid" 400 Caller "The request is not valid." "La requête n'est pas valide.";
    RouteNotFound "route_not_found" 404 Caller "There is nothing at this address." "Il n'y a rien à cette adresse.";
    MethodNotAllowed "method_not_allowed" 405 Caller "This method is not allowed here." "Cette méthode n'est pas permise ici.";
    ValidationFailed "validation_failed" 422 Caller "The content is not valid." "Le contenu n'est pas valide.";
    ChangedMeanwhile "changed_meanwhile" 412 Caller "It was changed meanwhile: read it again." "Il a été modifié entre-temps : relisez-le.";
    PreconditionRequired "precondition_required" 428 Caller "This needs If-Match with the tag of the version that was read, or * for whichever is there." "Ceci demande If-Match avec l'étiquette de la version lue, ou * pour n'importe laquelle.";
    TooManyStreams "too_many_streams" 429 Caller "You have too many streams open: close one." "Vous avez trop de flux ouverts : fermez-en un.";
    TooManyRequests "too_many_requests" 429 Caller "Too many requests: try again later." "Trop de requêtes : réessayez plus tard.";

    // Who is asking.
    AuthenticationRequired "authentication_required" 401 Caller "An access token is required." "Un jeton d'accès est requis.";
    InvalidToken "invalid_token" 401 Caller "The token is not valid or has expired." "Le jeton n'est pas valide ou a expiré.";
    InvalidCredentials "invalid_credentials" 401 Caller "The e-mail address or the password is wrong." "L'adresse e-mail ou le mot de passe est incorrect.";
    LoginDelayed "login_delayed" 429 Caller "Too many failed logins: try again later." "Trop de connexions échouées : réessayez plus tard.";
    Forbidden "forbidden" 403 Caller "You may not do this." "Vous n'avez pas le droit de faire cela.";
    NotTheAuthor "not_the_author" 403 Caller "Only its author may change a comment." "Seul son auteur peut modifier un commentaire.";
    MemberRequired "member_required" 403 Caller "Only a member of an organization may do this." "Seul un membre d'une organisation peut faire cela.";
    PlatformAdminRequired "platform_admin_required" 403 Caller "Only a platform administrator may do this." "Seul un administrateur de la plateforme peut faire cela.";
    NotAMember "not_a_member" 403 Caller "The user is no member of the organization." "L'utilisateur n'est pas membre de l'organisation.";
    SignupClosed "signup_closed" 403 Caller "Sign-up is closed on this installation." "L'inscription est fermée sur cette installation.";
    EmailTaken "email_taken" 409 Caller "This e-mail address has an account already." "Cette adresse e-mail a déjà un compte.";
    SlugTaken "slug_taken" 409 Caller "Another organization has this short name already." "Une autre organisation porte déjà ce nom court.";
    DomainTaken "domain_taken" 409 Caller "Another organization has this domain already." "Une autre organisation a déjà ce domaine.";
    SessionNotFound "session_not_found" 404 Caller "You have no such session." "Vous n'avez pas cette session.";
    AccountUnknown "account_unknown" 404 Caller "Nobody has an account with this address." "Personne n'a de compte à cette adresse.";
    TokenNotGood "token_not_good" 400 Caller "The token is not good, or not any more." "Le jeton n'est pas valable, ou ne l'est plus.";
    AlreadyMember "already_member" 409 Caller "The user is a member already." "L'utilisateur est déjà membre.";
    RoleNotAllowed "role_not_allowed" 403 Caller "Your role does not reach that far." "Votre rôle ne va pas jusque-là.";
    LastOwner "last_owner" 409 Caller "An organization needs an owner who can sign in: this is the last one." "Une organisation a besoin d'un propriétaire qui puisse se connecter : c'est le dernier.";
    MemberNotFound "member_not_found" 404 Caller "There is no such member." "Ce membre n'existe pas.";
    AlreadyInvited "already_invited" 409 Caller "This address is invited already." "Cette adresse est déjà invitée.";
    InvitationNotFound "invitation_not_found" 404 Caller "There is no such invitation." "Cette invitation n'existe pas.";
    OfferNotFound "offer_not_found" 404 Caller "Nobody has offered you the organization." "Personne ne vous a proposé l'organisation.";
    AuthBusy "auth_busy" 503 Ours "Too many logins at this moment: try again in a few seconds." "Trop de connexions en ce moment : réessayez dans quelques secondes.";

    // Which organization.
    TenantUnknown "tenant_unknown" 404 Caller "There is no such organization." "Cette organisation n'existe pas.";
    TenantConflict "tenant_conflict" 400 Caller "Host, header and parameter name different organizations." "L'hôte, l'en-tête et le paramètre nomment des organisations différentes.";
    TenantSuspended "tenant_suspended" 403 Caller "The organization is suspended." "L'organisation est suspendue.";
    TenantReadOnly "tenant_read_only" 423 Caller "The organization can be read but not changed at this moment." "L'organisation peut être lue mais pas modifiée en ce moment.";
    TenantArchived "tenant_archived" 410 Caller "The organization is archived." "L'organisation est archivée.";
    TenantProvisioning "tenant_provisioning" 503 Ours "The organization is being prepared." "L'organisation est en préparation.";
    TenantMigrating "tenant_migrating" 503 Ours "The organization's data are being rearranged: it can be read but not changed at this moment." "Les données de l'organisation sont en cours de réorganisation : elle peut être lue mais pas modifiée en ce moment.";
    TenantFailed "tenant_failed" 503 Ours "The organization's preparation failed." "La préparation de l'organisation a échoué.";
    ProvisioningFailed "provisioning_failed" 503 Ours "The organization could not be prepared; nothing of it is left." "L'organisation n'a pas pu être préparée ; il n'en reste rien.";
    OrganizationTransition "organization_transition" 409 Caller "The organization does not go from its status to this one." "L'organisation ne passe pas de son état à celui-ci.";

    // Organizations and people.
    OperationNotFound "operation_not_found" 404 Caller "There is no such operation." "Cette opération n'existe pas.";
    MigrationRunNotFound "migration_run_not_found" 404 Caller "There is no such run of migrations." "Cette exécution de migrations n'existe pas.";
    OperationEnded "operation_ended" 409 Caller "The operation has ended." "L'opération est terminée.";
    OperationRunning "operation_running" 409 Caller "The operation is under way." "L'opération est en cours.";
    NotRepairable "not_repairable" 409 Caller "This cannot be repaired." "Ceci ne peut pas être réparé.";
    OrganizationState "organization_state" 409 Caller "The organization's status does not allow this." "L'état de l'organisation ne le permet pas.";
    OrganizationNotFound "organization_not_found" 404 Caller "There is no such organization." "Cette organisation n'existe pas.";

    // Plans.
    PlanLimitReached "plan_limit_reached" 403 Caller "The organization's plan does not allow more." "La formule de l'organisation n'en permet pas plus.";
    ModuleDisabled "module_disabled" 404 Caller "The organization does not have this module." "L'organisation n'a pas ce module.";
    ModuleNotFound "module_not_found" 404 Caller "There is no such module." "Ce module n'existe pas.";

    // Dashboards, KPIs, values.
    DashboardNotFound "dashboard_not_found" 404 Caller "There is no such dashboard." "Ce tableau de bord n'existe pas.";
    DashboardNotEmpty "dashboard_not_empty" 409 Caller "The dashboard still has KPIs." "Le tableau de bord a encore des indicateurs.";
    KpiNotFound "kpi_not_found" 404 Caller "There is no such KPI." "Cet indicateur n'existe pas.";
    KpiCodeTaken "kpi_code_taken" 409 Caller "Another KPI has this code already." "Un autre indicateur porte déjà ce code.";
    KpiHasValues "kpi_has_values" 409 Caller "The KPI has values: archive it instead." "L'indicateur a des valeurs : archivez-le plutôt.";
    KpiHasActions "kpi_has_actions" 409 Caller "The KPI has actions: archive it instead." "L'indicateur a des actions : archivez-le plutôt.";
    KpiArchived "kpi_archived" 409 Caller "The KPI is archived and takes no values." "L'indicateur est archivé et ne reçoit plus de valeurs.";
    FrequencyFrozen "frequency_frozen" 409 Caller "The frequency cannot change once there are values." "La fréquence ne peut plus changer dès qu'il y a des valeurs.";
    DirectionNeedsThresholds "direction_needs_thresholds" 409 Caller "With values, a change of direction needs thresholds in the same request." "Avec des valeurs, un changement de sens exige des seuils dans la même requête.";
    ValueNotFound "value_not_found" 404 Caller "The KPI has no value for this period." "L'indicateur n'a pas de valeur pour cette période.";
    ValueExists "value_exists" 409 Caller "The KPI has a value for this period already." "L'indicateur a déjà une valeur pour cette période.";
    PeriodLocked "period_locked" 409 Caller "The period is closed." "La période est clôturée.";

    // Actions and comments.
    ActionNotFound "action_not_found" 404 Caller "There is no such action." "Cette action n'existe pas.";
    CommentNotFound "comment_not_found" 404 Caller "There is no such comment." "Ce commentaire n'existe pas.";
    ActionTransition "action_transition" 409 Caller "The action does not go from its status to this one." "L'action ne passe pas de son état à celui-ci.";

    // Notifications.
    NotificationNotFound "notification_not_found" 404 Caller "There is no such notification." "Cette notification n'existe pas.";

    // Imports.
    ImportNotFound "import_not_found" 404 Caller "There is no such import." "Cet import n'existe pas.";
    ImportEnded "import_ended" 409 Caller "The import has ended already." "L'import est déjà terminé.";
    FileKindUnknown "file_kind_unknown" 422 Caller "The file is neither CSV nor a spreadsheet that can be read." "Le fichier n'est ni un CSV ni un classeur lisible.";
    FileEncrypted "file_encrypted" 422 Caller "The file is encrypted." "Le fichier est chiffré.";
    FileTooLarge "file_too_large" 422 Caller "The file is beyond a limit." "Le fichier dépasse une limite.";
    FileEmpty "file_empty" 422 Caller "The file holds no table." "Le fichier ne contient aucun tableau.";
    FileDamaged "file_damaged" 422 Caller "The file is damaged." "Le fichier est endommagé.";
    HeaderNotFound "header_not_found" 422 Caller "No header row was found." "Aucune ligne d'en-tête n'a été trouvée.";
    HeaderAmbiguous "header_ambiguous" 422 Caller "Two columns mean the same." "Deux colonnes ont le même sens.";
    SheetNotFound "sheet_not_found" 422 Caller "The file has no sheet of that name." "Le fichier n'a pas de feuille de ce nom.";
    FileRefused "file_refused" 422 Caller "The file cannot be imported." "Le fichier ne peut pas être importé.";

    // The server.
    Capacity "capacity" 503 Ours "Every database connection is in use at this moment." "Toutes les connexions aux bases de données sont utilisées en ce moment.";
    ServerDown "server_down" 503 Ours "The organization's database server does not answer at this moment." "Le serveur de base de données de l'organisation ne répond pas en ce moment.";
    TenantSchemaOutdated "tenant_schema_outdated" 503 Ours "The organization's database is being brought to another version." "La base de données de l'organisation est en cours de changement de version.";
    TenantUnavailable "tenant_unavailable" 503 Ours "The organization's data are not available at this moment." "Les données de l'organisation ne sont pas disponibles en ce moment.";
    ServiceUnavailable "service_unavailable" 503 Ours "The service is not available at this moment." "Le service n'est pas disponible en ce moment.";
    StreamsFull "streams_full" 503 Ours "Too many streams are open at this moment: read it without a stream." "Trop de flux sont ouverts en ce moment : lisez sans flux.";
    Timeout "timeout" 504 Ours "The request took too long." "La requête a pris trop de temps.";
    Internal "internal" 500 Ours "Something went wrong on our side." "Quelque chose s'est mal passé de notre côté.";
}

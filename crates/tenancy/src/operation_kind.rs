//! What operations there are, and of which steps each is made.

use std::fmt;

macro_rules! named_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every one, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name, as in answers and in the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The one of that name, or `None`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named_enum! {
    /// What an operation does. A new kind is a variant here, its steps in [`OperationKind::steps`], and an arm for each
    /// new step where steps act.
    OperationKind {
        /// Creates an organization with its database.
        Provision = "provision",
    }
}

named_enum! {
    /// A step of an operation.
    OperationStep {
        /// Reserves slug, database name, domain and the owner's address.
        Reserve = "reserve",
        /// Chooses the server of the database.
        Place = "place",
        /// Creates the database from the template of the current schema.
        CreateDatabase = "create_database",
        /// Sets the database's connection limit and time limits.
        ConfigureDatabase = "configure_database",
        /// Runs pending migrations and writes into the database whose it is.
        Migrate = "migrate",
        /// Writes the first rows: the members, the first line of the audit trail.
        Seed = "seed",
        /// Makes the space of the organization's files.
        Files = "files",
        /// Makes sure that somebody owns the organization.
        Owner = "owner",
        /// Reads, writes, and stores a file.
        Probe = "probe",
        /// Opens the organization for use.
        Activate = "activate",
        /// Sends the owner a mail.
        Mail = "mail",
    }
}

named_enum! {
    /// What became of a step.
    StepOutcome {
        /// It is done.
        Done = "done",
        /// There was nothing to do; the note says why.
        Skipped = "skipped",
        /// The last attempt at it failed; the note says why.
        Failed = "failed",
        /// What it had done is undone.
        Undone = "undone",
    }
}

named_enum! {
    /// Where an operation stands.
    OperationState {
        /// Under way, or waiting for its next attempt.
        Running = "running",
        /// Everything is done.
        Succeeded = "succeeded",
        /// What was done is being undone, or that waits for its next attempt.
        Undoing = "undoing",
        /// Nothing is left.
        Undone = "undone",
        /// Neither goes on by itself: the operator retries or undoes it.
        Failed = "failed",
    }
}

impl OperationKind {
    /// The steps, in order.
    #[must_use]
    pub const fn steps(self) -> &'static [OperationStep] {
        use OperationStep::{
            Activate, ConfigureDatabase, CreateDatabase, Files, Mail, Migrate, Owner, Place, Probe, Reserve,
            Seed,
        };
        match self {
            Self::Provision => &[
                Reserve,
                Place,
                CreateDatabase,
                ConfigureDatabase,
                Migrate,
                Seed,
                Files,
                Owner,
                Probe,
                Activate,
                Mail,
            ],
        }
    }

    /// The steps that leave something behind, in the order in which they are undone. The last one removes the rows, and
    /// with them the knowledge of what there was.
    #[must_use]
    pub const fn undone_in_order(self) -> &'static [OperationStep] {
        match self {
            Self::Provision => &[OperationStep::Files, OperationStep::CreateDatabase, OperationStep::Reserve],
        }
    }
}

impl OperationState {
    /// Whether nothing happens to it any more.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        match self {
            Self::Succeeded | Self::Undone => true,
            Self::Running | Self::Undoing | Self::Failed => false,
        }
    }
}

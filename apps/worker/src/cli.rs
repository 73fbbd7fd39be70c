//! The commands and their arguments.

mod jobs;

pub use jobs::{JobsCancel, JobsCommand, JobsList, JobsRetry, JobsSchedule};

use crate::cli_mail::MailCommand;
use crate::cli_operations::{TenantCreate, TenantDoctor, TenantOperations, TenantUndo};
use crate::cli_plans::{PlansCommand, TenantLimit, TenantModule, TenantPlan};
use crate::cli_server::ServerCommand;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use vigie_kernel::{MigrationRunId, OperationId, Role};

/// The worker and the operator's tool of Vigie.
///
/// Exit codes: 0 done, 1 failed, 2 wrong arguments or done in part, 3 given up before the end, 10 to 19 an archive that is refused.
/// Data goes to standard output, the log and errors to standard error.
#[derive(Debug, Parser)]
#[command(name = "vigie-worker", version)]
pub struct Cli {
    /// Configuration file; without it `vigie.toml` of the working folder, if it is there. The environment wins over both
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Answers in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Relays events and runs jobs until SIGTERM or SIGINT
    Run,
    /// Creates the organization "Démo" with dashboards, KPIs and three years of values, unless it is there
    Demo,
    /// Platform administrators
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Members of organizations
    #[command(subcommand)]
    Member(MemberCommand),
    /// Organizations
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Plans
    #[command(subcommand)]
    Plans(PlansCommand),
    /// Servers of organizations' databases
    #[command(subcommand)]
    Server(ServerCommand),
    /// Keys of access tokens
    #[command(subcommand)]
    Keys(KeysCommand),
    /// The job queue
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Outgoing mail
    #[command(subcommand)]
    Mail(MailCommand),
}

/// Commands on the keys of access tokens.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Makes the next key: every process signs with it after 24 hours and verifies with it before. Removes keys that verify nothing
    Rotate,
}

/// Commands on platform administrators.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Creates the account of a platform administrator
    Create(AdminCreate),
}

/// A new platform administrator.
#[derive(Debug, Args)]
pub struct AdminCreate {
    /// E-mail address, which must not have an account
    #[arg(long)]
    pub email: String,
    /// Name, 1 to 120 characters
    #[arg(long)]
    pub full_name: String,
    /// Says that the password is the first line of standard input, the only place it is read from
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

/// Commands on members.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Gives a token with which the owner of an account sets his password, in the place of any that he has
    Token {
        /// E-mail address of the account
        #[arg(long)]
        email: String,
    },
    /// Adds a member to an organization, with a new account unless the address has one
    Add(MemberAdd),
}

/// A new member.
#[derive(Debug, Args)]
pub struct MemberAdd {
    /// Slug of the organization
    #[arg(long, value_name = "SLUG")]
    pub organization: String,
    /// E-mail address
    #[arg(long)]
    pub email: String,
    /// Name for a new account, 1 to 120 characters
    #[arg(long)]
    pub full_name: String,
    /// OWNER, ADMIN, MANAGER or USER
    #[arg(long, value_parser = role)]
    pub role: Role,
    /// Says that the password of a new account is the first line of standard input, the only place it is read from
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

/// Commands on organizations.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Creates an organization with its database and its first owner
    ///
    /// Exit codes: 0 it is active, 1 it is not and nothing is left, 2 it is not yet: the operation goes on.
    Create(TenantCreate),
    /// Lists the newest operations on organizations
    Operations(TenantOperations),
    /// Tries an operation again now
    Retry {
        /// Id of the operation
        operation: OperationId,
    },
    /// Undoes what an operation has done so far: database, files, memberships and rows
    Undo(TenantUndo),
    /// Finds databases and files without an organization, organizations without a database, stuck operations, and members
    /// out of step
    ///
    /// Exit codes: 0 nothing is left to repair, 1 it could not look, 2 something is left.
    Doctor(TenantDoctor),
    /// Lists the organizations by slug
    List,
    /// Shows one organization
    Show(TenantName),
    /// Measures an organization now and tells how it is, as the background does every hour
    Sample(TenantName),
    /// Locks an organization; its members see the reason
    Suspend(TenantSwitch),
    /// Opens a suspended organization again
    Resume(TenantSwitch),
    /// Puts an organization on a plan; what is beyond its limits stays, and cannot grow
    Plan(TenantPlan),
    /// Makes an exception from a limit of the plan for an organization
    Limit(TenantLimit),
    /// Switches a module of an organization on or off
    Module(TenantModule),
    /// Brings the databases of all organizations, or of one, to the current schema
    ///
    /// Exit codes: 0 all are at the current schema, 1 not even begun, 2 some are not, 3 stopped early: a canary failed or
    /// too many did.
    Migrate(MigrateArgs),
    /// Writes a signed archive of an organization, while it goes on working
    Backup(TenantBackup),
    /// Asks for a backup of every organization in use and removes what has had its time, as the schedule does every night
    Nightly,
    /// Lists the backups of an organization
    Backups(TenantName),
    /// Makes a new organization out of an archive, or puts an archive in the place of an organization's data
    Restore(TenantRestore),
    /// Tries out that the newest backup of an organization can be restored, or those of a few that were not tried for long
    Drill(TenantDrill),
    /// Lets mails and schedules leave an organization that was made out of a backup or another organization
    Confirm(TenantName),
    /// Makes a new organization out of another one
    Clone(TenantClone),
    /// Moves an organization to another database server, from SQLite to PostgreSQL too
    Promote(TenantPromote),
    /// Writes everything that an organization has as CSV and JSON, with its files
    Export(TenantExport),
    /// Deletes an organization: a last backup, 30 days of grace, then everything goes
    Delete(TenantDelete),
}

/// Which databases are migrated, and how.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct MigrateArgs {
    /// Only this organization, even when it is in quarantine
    #[arg(long)]
    pub slug: Option<String>,
    /// All organizations that are behind, which is also what happens without it
    #[arg(long, conflicts_with = "slug")]
    pub all: bool,
    /// How to go about it.
    #[command(flatten)]
    pub how: MigrateHow,
    /// Something else than migrating.
    #[command(subcommand)]
    pub command: Option<MigrateCommand>,
}

/// How databases are migrated.
#[derive(Debug, Args)]
pub struct MigrateHow {
    /// Tries on a copy of each database (on PostgreSQL of its structure, with the client programs of PostgreSQL) and changes none
    #[arg(long)]
    pub dry_run: bool,
    /// Organizations at a time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// So many organizations go first; when one of them fails, the run stops
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub canary: u32,
    /// Share of the organizations, in percent, that may fail before no more are started; one always may
    #[arg(long, value_name = "PERCENT", default_value_t = 2, value_parser = percent)]
    pub failure_budget: u8,
}

/// What there is to do about migrations besides running them.
#[derive(Debug, Subcommand)]
pub enum MigrateCommand {
    /// Tells which organizations are behind and how the latest runs went, or one of them
    Status {
        /// Id of a run
        #[arg(long)]
        run: Option<MigrationRunId>,
    },
    /// Tries again what a run did not bring to the current schema, also what is in quarantine
    Retry {
        /// Id of the run
        #[arg(long)]
        run: MigrationRunId,
        /// What to try again: `failed`, which takes in blocked and unreachable ones
        #[arg(long, default_value = "failed", value_parser = ["failed"])]
        only: String,
        /// How to go about it.
        #[command(flatten)]
        how: MigrateHow,
    },
}

/// Which organization is backed up, and where to.
#[derive(Debug, Args)]
pub struct TenantBackup {
    /// Slug of the organization
    #[arg(long)]
    pub slug: String,
    /// Folder for the archive; the installation's folder of backups when absent
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// What is restored, and as what.
#[derive(Debug, Args)]
pub struct TenantRestore {
    /// The archive
    #[arg(value_name = "FILE", required_unless_present = "undo", conflicts_with = "undo")]
    pub file: Option<PathBuf>,
    /// Slug of the new organization; with --in-place or --undo that of the organization
    #[arg(long)]
    pub slug: String,
    /// Name of the new organization; that of the archive when absent
    #[arg(long, conflicts_with_all = ["in_place", "undo"])]
    pub name: Option<String>,
    /// Address of an account that becomes its owner
    #[arg(long, value_name = "EMAIL", conflicts_with_all = ["in_place", "undo"])]
    pub admin_email: Option<String>,
    /// Puts the archive in the place of the organization's data, which are kept for --undo
    #[arg(long)]
    pub in_place: bool,
    /// Goes back to the data before the last --in-place
    #[arg(long, conflicts_with = "in_place")]
    pub undo: bool,
    /// Confirms --in-place without a question
    #[arg(long, value_name = "SLUG", requires = "in_place")]
    pub yes: Option<String>,
    /// Accepts an archive that another installation has signed with the key of this fingerprint
    #[arg(long, value_name = "FINGERPRINT")]
    pub accept_foreign_key: Option<String>,
}

/// Which organization is copied, and as what.
#[derive(Debug, Args)]
pub struct TenantClone {
    /// Slug of the organization that is copied
    #[arg(long)]
    pub slug: String,
    /// Slug of the new organization
    #[arg(long, value_name = "SLUG")]
    pub to: String,
    /// Name of the new organization; that of the other when absent
    #[arg(long)]
    pub name: Option<String>,
    /// Address of an account that becomes its owner
    #[arg(long, value_name = "EMAIL")]
    pub admin_email: Option<String>,
}

/// Whose backup is tried out.
#[derive(Debug, Args)]
pub struct TenantDrill {
    /// Slug of the organization; a few whose last try is the longest ago when absent
    #[arg(long)]
    pub slug: Option<String>,
}

/// Which organization moves, and where to.
#[derive(Debug, Args)]
pub struct TenantPromote {
    /// Slug of the organization
    #[arg(long)]
    pub slug: String,
    /// Name of a server (`server list`), or `postgres`: the server of that engine that has the most room
    #[arg(long, value_name = "SERVER")]
    pub to: String,
    /// Only tells from where to where
    #[arg(long)]
    pub dry_run: bool,
}

/// What is exported, and where to.
#[derive(Debug, Args)]
pub struct TenantExport {
    /// Slug of the organization
    #[arg(long)]
    pub slug: String,
    /// Folder in which a new folder is made
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
}

/// What is deleted, and how far.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct TenantDelete {
    /// Slug of the organization
    #[arg(long)]
    pub slug: String,
    /// Why, 1 to 1,000 characters
    #[arg(long)]
    pub reason: Option<String>,
    /// Confirms without a question
    #[arg(long, value_name = "SLUG")]
    pub yes: Option<String>,
    /// Says what would go, and does nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Takes a deletion back during its grace
    #[arg(long, conflicts_with_all = ["dry_run", "purge", "yes", "reason"])]
    pub cancel: bool,
    /// Removes everything, once the grace is over
    #[arg(long)]
    pub purge: bool,
    /// Does not wait for the grace
    #[arg(long, requires = "purge")]
    pub force: bool,
}

/// Names an organization.
#[derive(Debug, Args)]
pub struct TenantName {
    /// Slug of the organization
    #[arg(long)]
    pub slug: String,
}

/// Names an organization and why something is done to it.
#[derive(Debug, Args)]
pub struct TenantSwitch {
    /// Slug of the organization
    #[arg(long)]
    pub slug: String,
    /// Why, 1 to 1,000 characters
    #[arg(long)]
    pub reason: String,
}

/// A number of 0 to 100, with or without the sign.
fn percent(text: &str) -> Result<u8, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse::<u8>();
    number.ok().filter(|percent| *percent <= 100).ok_or_else(|| "a percentage of 0 to 100".to_owned())
}

fn role(text: &str) -> Result<Role, String> {
    let names = || Role::ALL.map(Role::name).join(", ");
    Role::from_name(&text.to_ascii_uppercase()).ok_or_else(|| format!("one of {}", names()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli_server::Limit;
    use clap::CommandFactory;
    use clap::error::ErrorKind;
    use vigie_composition::{JobStatus, ServerState};
    use vigie_jobs::Lane;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("vigie-worker").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_are_read() {
        let cli = parse("tenant list --json --config /etc/vigie.toml").unwrap();
        assert!(cli.json && matches!(cli.command, Command::Tenant(TenantCommand::List)));
        assert_eq!(cli.config, Some(PathBuf::from("/etc/vigie.toml")));

        let line = "member add --organization demo --email a@example.org --full-name A --role manager --password-stdin";
        let Command::Member(MemberCommand::Add(add)) = parse(line).unwrap().command else { panic!("{line}") };
        assert_eq!((add.role, add.organization.as_str()), (Role::Manager, "demo"));

        let Command::Jobs(JobsCommand::List(list)) = parse("jobs list --status dead").unwrap().command else {
            panic!("jobs list")
        };
        assert_eq!((list.status, list.limit), (Some(JobStatus::Dead), 50));
        let line = "jobs retry --all-dead --lane security --name mail.send --dry-run";
        let Command::Jobs(JobsCommand::Retry(retry)) = parse(line).unwrap().command else { panic!("{line}") };
        assert!(retry.id.is_none() && retry.all_dead && retry.dry_run);
        assert_eq!((retry.lane, retry.name.as_deref()), (Some(Lane::Security), Some("mail.send")));

        let line = "server set --name b --max-databases none --connections 30 --state drain";
        let Command::Server(ServerCommand::Set(set)) = parse(line).unwrap().command else { panic!("{line}") };
        assert_eq!((set.max_databases, set.connections), (Some(Limit(None)), Some(Limit(Some(30)))));
        assert_eq!((set.state, set.weight), (Some(ServerState::Drain), None));
    }

    #[test]
    fn wrong_arguments_are_a_usage_error() {
        for (line, kind) in [
            ("", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("fly", ErrorKind::InvalidSubcommand),
            ("jobs list --status lost", ErrorKind::ValueValidation),
            ("jobs list --limit 0", ErrorKind::ValueValidation),
            ("jobs list --lane express", ErrorKind::ValueValidation),
            ("jobs retry 12", ErrorKind::ValueValidation),
            ("jobs retry", ErrorKind::MissingRequiredArgument),
            ("jobs retry 01990000-0000-7000-8000-000000000000 --all-dead", ErrorKind::ArgumentConflict),
            ("jobs cancel", ErrorKind::MissingRequiredArgument),
            ("mail test", ErrorKind::MissingRequiredArgument),
            ("mail test --to a@example.org --locale de", ErrorKind::ValueValidation),
            ("tenant show", ErrorKind::MissingRequiredArgument),
            ("keys", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("tenant plan --slug a --plan gold", ErrorKind::ValueValidation),
            ("tenant limit --slug a --limit kpis --value many", ErrorKind::ValueValidation),
            ("tenant module --slug a --module imports", ErrorKind::MissingRequiredArgument),
            ("tenant module --slug a --module imports --on --off", ErrorKind::ArgumentConflict),
            ("tenant migrate --failure-budget 101%", ErrorKind::ValueValidation),
            ("tenant migrate --all --slug a", ErrorKind::ArgumentConflict),
            ("tenant migrate retry", ErrorKind::MissingRequiredArgument),
            ("tenant restore --slug copy", ErrorKind::MissingRequiredArgument),
            ("tenant restore a.tar --slug copy --undo", ErrorKind::ArgumentConflict),
            ("tenant restore a.tar --slug copy --yes copy", ErrorKind::MissingRequiredArgument),
            ("tenant delete --slug paris --force", ErrorKind::MissingRequiredArgument),
            ("tenant delete --slug paris --cancel --purge", ErrorKind::ArgumentConflict),
            ("server add --name b --dsn-env A --dsn-file B", ErrorKind::ArgumentConflict),
            ("server set --name b --state gone", ErrorKind::ValueValidation),
            ("server set --name b --max-databases few", ErrorKind::ValueValidation),
            ("admin create --email a@example.org --full-name A", ErrorKind::MissingRequiredArgument),
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!((error.kind(), error.exit_code()), (kind, 2), "{line}");
        }
    }
}

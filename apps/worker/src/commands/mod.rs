//! Running a command.

mod accounts;
mod backup;
mod doctor;
mod jobs;
mod keys;
mod mail;
mod migrate;
mod operations;
mod plans;
mod run;
mod sample;
mod server;
mod tenant;

use crate::cli::{AdminCommand, Command, JobsCommand, KeysCommand, MemberCommand, TenantCommand};
use crate::cli_mail::MailCommand;
use crate::cli_plans::PlansCommand;
use crate::cli_server::ServerCommand;
use crate::{Answer, CommandError, demo};
use std::io::{BufRead, Write as _};
pub(crate) use tenant::lookup;
use vigie_composition::{App, Config};
use vigie_kernel::OperatorContext;

/// Runs a command to its end. `input` is where passwords are read from.
pub async fn execute(command: Command, config: Config, input: impl BufRead) -> Result<Answer, CommandError> {
    let app = App::build(config).await?;
    let answer = match command {
        Command::Run => run::run(&app).await,
        Command::Demo => demo::demo(&app).await,
        Command::Admin(AdminCommand::Create(admin)) => accounts::create_admin(&app, admin, input).await,
        Command::Member(MemberCommand::Add(member)) => accounts::add_member(&app, member, input).await,
        Command::Member(MemberCommand::Token { email }) => accounts::issue_token(&app, &email).await,
        Command::Tenant(TenantCommand::Create(arguments)) => operations::create(&app, arguments).await,
        Command::Tenant(TenantCommand::Operations(wanted)) => operations::list(&app, &wanted).await,
        Command::Tenant(TenantCommand::Retry { operation }) => operations::retry(&app, operation).await,
        Command::Tenant(TenantCommand::Undo(arguments)) => operations::undo(&app, &arguments, input).await,
        Command::Tenant(TenantCommand::Doctor(arguments)) => doctor::doctor(&app, &arguments, input).await,
        Command::Tenant(TenantCommand::List) => tenant::list(&app).await,
        Command::Tenant(TenantCommand::Show(named)) => tenant::show(&app, &named.slug).await,
        Command::Tenant(TenantCommand::Sample(named)) => sample::sample(&app, &named.slug).await,
        Command::Tenant(TenantCommand::Suspend(switch)) => tenant::suspend(&app, &switch).await,
        Command::Tenant(TenantCommand::Resume(switch)) => tenant::resume(&app, &switch).await,
        Command::Tenant(TenantCommand::Migrate(arguments)) => migrate::migrate(&app, arguments).await,
        Command::Tenant(TenantCommand::Plan(wanted)) => plans::change_plan(&app, &wanted).await,
        Command::Tenant(TenantCommand::Limit(wanted)) => plans::set_limit(&app, &wanted).await,
        Command::Tenant(TenantCommand::Module(wanted)) => plans::set_module(&app, &wanted).await,
        Command::Keys(KeysCommand::Rotate) => keys::rotate(&app),
        Command::Plans(PlansCommand::List) => plans::list(&app).await,
        Command::Tenant(TenantCommand::Backup(wanted)) => backup::back_up(&app, &wanted).await,
        Command::Tenant(TenantCommand::Nightly) => backup::nightly(&app).await,
        Command::Tenant(TenantCommand::Drill(wanted)) => backup::drill(&app, &wanted).await,
        Command::Tenant(TenantCommand::Backups(named)) => backup::list(&app, &named.slug).await,
        Command::Tenant(TenantCommand::Restore(wanted)) => backup::restore(&app, wanted, input).await,
        Command::Tenant(TenantCommand::Confirm(named)) => backup::confirm_copy(&app, &named.slug).await,
        Command::Tenant(TenantCommand::Clone(wanted)) => backup::clone_organization(&app, wanted).await,
        Command::Tenant(TenantCommand::Promote(wanted)) => backup::promote(&app, wanted).await,
        Command::Tenant(TenantCommand::Export(wanted)) => backup::export(&app, &wanted).await,
        Command::Tenant(TenantCommand::Delete(wanted)) => backup::delete(&app, wanted, input).await,
        Command::Server(ServerCommand::Add(add)) => server::add(&app, add, input).await,
        Command::Server(ServerCommand::List) => server::list(&app).await,
        Command::Server(ServerCommand::Set(set)) => server::set(&app, set, input).await,
        Command::Mail(MailCommand::Test(wanted)) => mail::test(&app, &wanted).await,
        Command::Jobs(JobsCommand::List(list)) => jobs::list(&app, &list).await,
        Command::Jobs(JobsCommand::Show { id }) => jobs::show(&app, id).await,
        Command::Jobs(JobsCommand::Retry(retry)) => jobs::retry(&app, &retry).await,
        Command::Jobs(JobsCommand::Cancel(cancel)) => jobs::cancel(&app, &cancel).await,
        Command::Jobs(JobsCommand::Schedules { organization }) => {
            jobs::schedules(&app, organization.as_deref()).await
        }
        Command::Jobs(JobsCommand::Schedule(wanted)) => jobs::switch_schedule(&app, &wanted).await,
    };
    app.settle().await;
    answer
}

/// The operator, who has no account: the audit trail tells him by the id of the command.
fn operator(app: &App) -> OperatorContext {
    OperatorContext::new(None, format!("cli-{}", app.ids.next_uuid()))
}

/// Whether the operator confirms what destroys something: by `--yes` with the name of it, or by typing the name.
fn confirm(what: &str, name: &str, yes: &[String], mut input: impl BufRead) -> Result<bool, CommandError> {
    if yes.iter().any(|given| given == name) {
        return Ok(true);
    }
    write!(std::io::stderr(), "{what} Type {name} to confirm: ").map_err(CommandError::Output)?;
    let mut line = String::new();
    input.read_line(&mut line).map_err(CommandError::Input)?;
    Ok(line.trim_end_matches(['\r', '\n']) == name)
}

/// The first line, without its line break. Nothing else is cut off: a blank may belong to a secret.
fn first_line(mut input: impl BufRead) -> Result<String, CommandError> {
    let mut line = String::new();
    input.read_line(&mut line).map_err(CommandError::Input)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

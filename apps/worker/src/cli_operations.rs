//! The arguments of the commands that create organizations and look after operations on them.

use clap::Args;
use vigie_kernel::{IdempotencyKey, OperationId};
use vigie_tenancy::{OperationState, Plan};

/// A new organization.
#[derive(Debug, Args)]
pub struct TenantCreate {
    /// Name, 1 to 120 characters
    #[arg(long)]
    pub name: String,
    /// Slug, 3 to 40 lower-case letters, digits and inner hyphens; made from the name when absent
    #[arg(long)]
    pub slug: Option<String>,
    /// A host name of its own, under which requests name it
    #[arg(long)]
    pub domain: Option<String>,
    /// E-mail address of the owner; an account that it has becomes the owner, otherwise one is made without a password
    #[arg(long, value_name = "EMAIL")]
    pub admin_email: String,
    /// Name of the owner, for a new account; made from the address when absent
    #[arg(long, value_name = "NAME")]
    pub admin_full_name: Option<String>,
    /// starter, community, professional or enterprise
    #[arg(long, default_value = "starter", value_parser = plan)]
    pub plan: Plan,
    /// A name for this creation: asked again with it within 24 hours, the same operation is told
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub idempotency_key: Option<IdempotencyKey>,
}

/// Which operations are listed.
#[derive(Debug, Args)]
pub struct TenantOperations {
    /// Slug of an organization; every organization when absent
    #[arg(long)]
    pub slug: Option<String>,
    /// running, succeeded, undoing, undone or failed; every state when absent
    #[arg(long, value_parser = state)]
    pub state: Option<OperationState>,
    /// Most operations
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: u16,
}

/// Names an operation that is to be undone.
#[derive(Debug, Args)]
pub struct TenantUndo {
    /// Id of the operation
    pub operation: OperationId,
    /// Confirms, for scripts: the slug of the organization. Without it the slug is asked for
    #[arg(long, value_name = "SLUG")]
    pub yes: Option<String>,
}

/// How the installation is examined.
#[derive(Debug, Args)]
pub struct TenantDoctor {
    /// Repairs what can be repaired; what destroys something is asked about, unless --yes names it
    #[arg(long)]
    pub fix: bool,
    /// With --fix: only tells what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Confirms, for scripts, that a database or the files of an organization are removed: its name as the finding tells it
    #[arg(long, value_name = "NAME")]
    pub yes: Vec<String>,
}

fn plan(text: &str) -> Result<Plan, String> {
    let names = || Plan::ALL.map(Plan::name).join(", ");
    Plan::from_name(text).ok_or_else(|| format!("one of {}", names()))
}

fn state(text: &str) -> Result<OperationState, String> {
    let names: Vec<_> = OperationState::ALL.iter().map(|state| state.name()).collect();
    OperationState::from_name(text).ok_or_else(|| format!("one of {}", names.join(", ")))
}

fn key(text: &str) -> Result<IdempotencyKey, String> {
    IdempotencyKey::parse(text).ok_or_else(|| "1 to 255 visible ASCII characters".to_owned())
}

//! Which operation belongs to which module: the one place that says so.
//!
//! An operation's tag decides. The document tells it as `x-module`, and the authentication refuses an operation of a module that the
//! caller's organization does not have.

use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use vigie_kernel::{Entitlements, Module, ModuleDisabled};

/// What an operation needs of an organization's modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModuleUse {
    /// The module.
    Whole(Module),
    /// What every plan has of the module, unless it is switched off for the organization.
    Basic(Module),
}

/// The module of each tag; `None` is core, which every organization has always.
///
/// Overview and risks are in every plan, and so is the inbox; exports of reports and messages that are sent are what a plan has or has
/// not.
const MODULE_OF_TAG: &[(&str, Option<ModuleUse>)] = &[
    ("auth", None),
    ("user", None),
    ("admin", None),
    ("health", None),
    ("dashboards", Some(ModuleUse::Whole(Module::Dashboards))),
    ("kpis", Some(ModuleUse::Whole(Module::Kpis))),
    ("values", Some(ModuleUse::Whole(Module::Kpis))),
    ("actions", Some(ModuleUse::Whole(Module::ActionPlans))),
    ("comments", Some(ModuleUse::Whole(Module::ActionPlans))),
    ("imports", Some(ModuleUse::Whole(Module::Imports))),
    ("notifications", Some(ModuleUse::Basic(Module::Notifications))),
    ("reporting", Some(ModuleUse::Basic(Module::Reporting))),
];

impl ModuleUse {
    /// Refuses an organization that lacks what is needed.
    pub(crate) const fn check(self, entitlements: &Entitlements) -> Result<(), ModuleDisabled> {
        match self {
            Self::Whole(module) => entitlements.require(module),
            Self::Basic(module) => entitlements.require_basic(module),
        }
    }

    const fn module(self) -> Module {
        match self {
            Self::Whole(module) | Self::Basic(module) => module,
        }
    }
}

/// The entry of an operation's tag; `None` when the table lacks it, which a test of the document forbids.
fn entry(operation: &Operation) -> Option<Option<ModuleUse>> {
    let tag = operation.tags.as_ref()?.first()?;
    MODULE_OF_TAG.iter().find(|(known, _)| known == tag).map(|(_, needed)| *needed)
}

/// What an operation needs; `None` when it belongs to no module.
pub(crate) fn use_of(operation: &Operation) -> Option<ModuleUse> {
    entry(operation).flatten()
}

/// Tells an operation's module in the document.
pub(crate) fn describe(operation: &mut Operation) {
    let Some(needed) = entry(operation) else { return };
    let name = needed.map_or("core", |needed| needed.module().name());
    let told = ExtensionsBuilder::new().add("x-module", name).build();
    match operation.extensions.as_mut() {
        Some(extensions) => extensions.merge(told),
        None => operation.extensions = Some(told),
    }
}

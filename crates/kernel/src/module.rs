//! The parts of the product that can be switched on and off for an organization.

use std::fmt;
use thiserror::Error;

/// A part of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Module {
    /// Dashboards.
    Dashboards,
    /// KPIs, their thresholds, values and periods.
    Kpis,
    /// Actions and comments.
    ActionPlans,
    /// Imports of values from files.
    Imports,
    /// Messages to members and others.
    Notifications,
    /// Reports and their exports.
    Reporting,
}

impl Module {
    /// Every module, in a fixed order.
    pub const ALL: [Self; 6] = [
        Self::Dashboards,
        Self::Kpis,
        Self::ActionPlans,
        Self::Imports,
        Self::Notifications,
        Self::Reporting,
    ];

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dashboards => "dashboards",
            Self::Kpis => "kpis",
            Self::ActionPlans => "action_plans",
            Self::Imports => "imports",
            Self::Notifications => "notifications",
            Self::Reporting => "reporting",
        }
    }

    /// The module of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|module| module.name() == name)
    }

    #[allow(
        clippy::as_conversions,
        reason = "a const fn reads a fieldless enum's discriminant in no other way"
    )]
    const fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of modules, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleSet(u8);

impl ModuleSet {
    /// No module.
    pub const NONE: Self = Self(0);
    /// Every module.
    pub const ALL: Self = Self::of(&Module::ALL);

    /// The set of the given modules.
    #[must_use]
    pub const fn of(modules: &[Module]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < modules.len() {
            bits |= modules[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// Whether the module is in the set.
    #[must_use]
    pub const fn contains(self, module: Module) -> bool {
        self.0 & module.bit() != 0
    }

    /// The set with that module.
    #[must_use]
    pub const fn with(self, module: Module) -> Self {
        Self(self.0 | module.bit())
    }

    /// The set without that module.
    #[must_use]
    pub const fn without(self, module: Module) -> Self {
        Self(self.0 & !module.bit())
    }

    /// The modules of the set, in the order of [`Module::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Module> {
        Module::ALL.into_iter().filter(move |module| self.contains(*module))
    }
}

impl FromIterator<Module> for ModuleSet {
    fn from_iter<I: IntoIterator<Item = Module>>(modules: I) -> Self {
        modules.into_iter().fold(Self::NONE, Self::with)
    }
}

/// The organization does not have the module; answered as 404 `module_disabled`. Its data stay.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the module {0} is disabled")]
pub struct ModuleDisabled(pub Module);

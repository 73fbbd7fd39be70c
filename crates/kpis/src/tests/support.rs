//! What the tests share: decimals and dates from text, and an organization with a frozen clock.

use crate::{
    CreateDashboard, Dashboard, DefineKpi, Direction, Entry, Kpi, KpiError, KpiService, Kpis, MemoryStore,
    RecordValue, Recorded, Reporting, Source, ThresholdFields, Thresholds,
};
use chrono::NaiveDate;
use std::sync::Arc;
use vigie_kernel::testing::{CountedIds, FixedClock, member};
use vigie_kernel::{
    Dec, FieldErrors, Frequency, IdSource, OrganizationId, Permission, PermissionSet, Role, TenantContext,
    UserId,
};

pub(crate) fn dec(text: &str) -> Dec {
    text.parse().unwrap()
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn number(text: &str) -> Entry {
    Entry::Number(dec(text))
}

/// Cut points from text such as `95/90/80`.
pub(crate) fn cuts(text: &str) -> ThresholdFields {
    let mut parts = text.split('/').map(|part| (!part.is_empty()).then(|| dec(part)));
    ThresholdFields::cuts(parts.next().flatten(), parts.next().flatten(), parts.next().flatten())
}

pub(crate) fn up(text: &str) -> Thresholds {
    Thresholds::try_new(Direction::UpIsBetter, &cuts(text)).unwrap()
}

pub(crate) fn down(text: &str) -> Thresholds {
    Thresholds::try_new(Direction::DownIsBetter, &cuts(text)).unwrap()
}

/// A band from text such as `40/45/55/60`.
pub(crate) fn band(text: &str) -> Thresholds {
    let ends: Vec<Dec> = text.split('/').map(dec).collect();
    let fields = ThresholdFields {
        orange_low: Some(ends[0]),
        green_low: Some(ends[1]),
        green_high: Some(ends[2]),
        orange_high: Some(ends[3]),
        ..ThresholdFields::default()
    };
    Thresholds::try_new(Direction::InBand, &fields).unwrap()
}

/// The errors as `field:code`.
pub(crate) fn told(errors: &FieldErrors) -> Vec<String> {
    errors.as_slice().iter().map(|error| format!("{}:{}", error.field, error.code)).collect()
}

/// The content errors of a use case as `field:code`.
pub(crate) fn errors_of<T>(outcome: Result<T, KpiError>) -> Vec<String> {
    let Err(KpiError::Invalid(errors)) = outcome else { panic!("no content error") };
    told(&errors)
}

/// The permission that a use case missed.
pub(crate) fn denied<T: std::fmt::Debug>(outcome: Result<T, KpiError>) -> Permission {
    let error = outcome.unwrap_err();
    let KpiError::Denied(denied) = error else { panic!("not denied: {error:?}") };
    denied.0
}

const MANAGER: &[Permission] = &[
    Permission::DashboardRead,
    Permission::DashboardCreate,
    Permission::DashboardChangeOwn,
    Permission::DashboardChange,
    Permission::ValueRecordOwn,
    Permission::ValueRecord,
    Permission::PeriodClose,
];
const USER: &[Permission] = &[
    Permission::DashboardRead,
    Permission::DashboardCreate,
    Permission::DashboardChangeOwn,
    Permission::ValueRecordOwn,
];

/// An organization on 20 November 2026, at noon.
pub(crate) struct Org {
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) ids: Arc<CountedIds>,
    pub(crate) kpis: Kpis,
    pub(crate) reporting: Reporting,
    pub(crate) id: OrganizationId,
    pub(crate) manager: TenantContext,
}

impl Org {
    pub(crate) fn new() -> Self {
        let store = MemoryStore::default();
        let clock = Arc::new(FixedClock::at_text("2026-11-20T12:00:00Z"));
        let ids = Arc::new(CountedIds::default());
        let id = OrganizationId::from(ids.next_uuid());
        let actor = UserId::from(ids.next_uuid());
        Self {
            kpis: Kpis::new(Arc::new(store.clone()), clock.clone(), ids.clone()),
            reporting: Reporting::new(Arc::new(store.clone()), clock.clone()),
            manager: member(id, actor, Role::Manager, PermissionSet::of(MANAGER)),
            store,
            clock,
            ids,
            id,
        }
    }

    /// Another member, who may work on what is his own.
    pub(crate) fn user(&self) -> TenantContext {
        member(self.id, UserId::from(self.ids.next_uuid()), Role::User, PermissionSet::of(USER))
    }

    pub(crate) async fn dashboard(&self, tenant: &TenantContext, title: &str, process: &str) -> Dashboard {
        let command = CreateDashboard {
            title: title.to_owned(),
            process_name: Some(process.to_owned()),
            ..CreateDashboard::default()
        };
        self.kpis.create_dashboard(tenant, command).await.unwrap()
    }

    /// A monthly KPI that should rise, green from 95 and orange from 90, on a dashboard of its own.
    pub(crate) async fn service_rate(&self) -> Kpi {
        let dashboard = self.dashboard(&self.manager, "Service", "Logistics").await;
        let command = DefineKpi {
            unit: Some("%".to_owned()),
            thresholds: cuts("95/90"),
            ..DefineKpi::new(dashboard.id(), "Service rate", Frequency::Monthly, Direction::UpIsBetter)
        };
        self.kpis.define_kpi(&self.manager, command).await.unwrap()
    }

    pub(crate) async fn put(&self, kpi: &Kpi, period: &str, value: &str) -> Recorded {
        self.kpis.put_value(&self.manager, record(kpi, period, number(value))).await.unwrap()
    }
}

pub(crate) fn record(kpi: &Kpi, period: &str, entry: Entry) -> RecordValue {
    RecordValue {
        kpi_id: kpi.id(),
        period: period.into(),
        entry,
        comment: None,
        source: Source::Manual,
        override_reason: None,
        expected_version: None,
    }
}

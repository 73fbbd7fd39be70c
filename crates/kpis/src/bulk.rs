//! Judging many rows in memory.

use crate::recording::decide_deletion;
use crate::{Act, Decision, KpiDefinition, NewEntry, RecordRefusal, Revision, Value, decide};
use std::collections::HashMap;
use vigie_kernel::{IdSource, KpiId, PermissionDenied, TenantContext};

/// Decides row after row what an import does, from definitions that were read once. No I/O.
#[derive(Clone, Debug)]
pub struct BulkJudge {
    definitions: HashMap<KpiId, (KpiDefinition, Result<(), PermissionDenied>)>,
    act: Act,
}

impl BulkJudge {
    /// A judge of rows of these KPIs, on behalf of the tenant's actor.
    #[must_use]
    pub fn new(
        tenant: &TenantContext,
        definitions: impl IntoIterator<Item = KpiDefinition>,
        act: Act,
    ) -> Self {
        let definitions = definitions
            .into_iter()
            .map(|definition| {
                let right = definition.require_record(tenant);
                (definition.kpi.id(), (definition, right))
            })
            .collect();
        Self { definitions, act }
    }

    /// The definition of a KPI, when the judge has it.
    #[must_use]
    pub fn definition(&self, kpi: KpiId) -> Option<&KpiDefinition> {
        self.definitions.get(&kpi).map(|(definition, _)| definition)
    }

    /// Decides one row; as [`decide`], and refuses KPIs that the judge does not have or the actor may not record on.
    pub fn decide(
        &self,
        kpi: KpiId,
        existing: Option<&Value>,
        new: NewEntry,
        ids: &dyn IdSource,
    ) -> Result<Decision, RecordRefusal> {
        let (definition, right) = self.definitions.get(&kpi).ok_or(RecordRefusal::KpiUnknown(kpi))?;
        (*right).map_err(RecordRefusal::KpiForbidden)?;
        decide(definition, existing, new, &self.act, ids)
    }

    /// Decides the clearing of a value: the revision that tells of it. Refuses as [`BulkJudge::decide`] does.
    pub fn decide_clearing(
        &self,
        kpi: KpiId,
        existing: &Value,
        ids: &dyn IdSource,
    ) -> Result<Revision, RecordRefusal> {
        let (definition, right) = self.definitions.get(&kpi).ok_or(RecordRefusal::KpiUnknown(kpi))?;
        (*right).map_err(RecordRefusal::KpiForbidden)?;
        decide_deletion(definition, existing, &self.act, ids)
    }
}

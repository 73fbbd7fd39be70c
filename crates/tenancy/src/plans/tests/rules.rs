use crate::plans::{LimitOverride, ModuleSwitch, PlanTerms, Subscription, effective_limit};
use crate::{Change, Plan};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::Map;
use uuid::Uuid;
use vigie_kernel::{
    LimitReached, Module, ModuleDisabled, ModuleSet, OrganizationId, PlanLimit, PlanLimits, Taken,
};

fn noon() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn terms(plan: Plan, limits: PlanLimits, modules: ModuleSet) -> PlanTerms {
    PlanTerms { plan, price_cents: None, limits, modules }
}

fn subscription(limits: PlanLimits, modules: ModuleSet) -> Subscription {
    Subscription {
        organization: OrganizationId::from(Uuid::from_u128(1)),
        version: 1,
        terms: terms(Plan::Starter, limits, modules),
        overrides: Vec::new(),
        switches: Vec::new(),
        outgoing_paused: false,
    }
}

fn switch(module: Module, enabled: Option<bool>) -> ModuleSwitch {
    ModuleSwitch { module, enabled, config: Map::new() }
}

fn some_limit() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(None), (0_u64..1_000).prop_map(Some)]
}

fn some_limits() -> impl Strategy<Value = PlanLimits> {
    (some_limit(), some_limit(), some_limit(), some_limit(), some_limit()).prop_map(
        |(members, storage_bytes, kpis, import_values, notifications_per_day)| PlanLimits {
            members,
            storage_bytes,
            kpis,
            import_values,
            notifications_per_day,
        },
    )
}

fn some_modules() -> impl Strategy<Value = ModuleSet> {
    prop::collection::vec(prop::sample::select(Module::ALL.to_vec()), 0..6).prop_map(ModuleSet::from_iter)
}

proptest! {
    /// An exception counts up to its last moment and not a moment longer, and says all as long as it counts.
    #[test]
    fn a_limit_is_the_exception_as_long_as_it_lasts(
        plan in some_limit(), value in some_limit(), seconds in -1_000_i64..1_000, forever: bool,
    ) {
        let expires_at = (!forever).then(|| noon() + TimeDelta::seconds(seconds));
        let exception = LimitOverride { limit: PlanLimit::Kpis, value, expires_at };
        let wanted = if forever || seconds > 0 { value } else { plan };
        prop_assert_eq!(effective_limit(plan, Some(&exception), noon()), wanted);
        prop_assert_eq!(effective_limit(plan, None, noon()), plan);
    }

    /// What is within the limit is allowed and what is beyond refused, with the figures of the refusal.
    #[test]
    fn a_limit_refuses_exactly_what_is_beyond_it(limits in some_limits(), wanted in 0_u64..2_000) {
        let entitlements = subscription(limits, ModuleSet::NONE).entitlements(noon());
        for limit in PlanLimit::ALL {
            let allowed = limits.get(limit).is_none_or(|max| wanted <= max);
            let refusal = entitlements.allow(limit, wanted).err();
            prop_assert_eq!(refusal.is_none(), allowed);
            if let Some(refusal) = refusal {
                let max = limits.get(limit).unwrap();
                prop_assert_eq!(refusal, LimitReached { limit, max, used: wanted, plan: "starter" });
                prop_assert_eq!(entitlements.granted(limit, Taken::No { used: wanted }), Err(refusal));
            }
        }
    }

    /// A switch wins over the plan, and without one the plan decides; both views of the modules agree.
    #[test]
    fn a_module_is_as_the_plan_says_unless_it_is_switched(
        of_plan in some_modules(), decisions in prop::collection::vec(any::<Option<bool>>(), 6),
    ) {
        let mut subscription = subscription(PlanLimits::NONE, of_plan);
        for (module, enabled) in Module::ALL.into_iter().zip(&decisions) {
            subscription.set_module(switch(module, *enabled));
        }
        let entitlements = subscription.entitlements(noon());
        for (module, enabled) in Module::ALL.into_iter().zip(decisions) {
            let state = subscription.module(module);
            prop_assert_eq!(state.enabled, enabled.unwrap_or_else(|| of_plan.contains(module)));
            prop_assert_eq!(entitlements.require(module).is_ok(), state.enabled);
            prop_assert_eq!(entitlements.require_basic(module).is_ok(), enabled != Some(false));
            prop_assert_eq!((state.in_plan, state.switched), (of_plan.contains(module), enabled));
        }
    }

    /// Another plan changes the terms and nothing else: exceptions stay, and what is in use is no part of it.
    #[test]
    fn another_plan_leaves_the_exceptions(before in some_limits(), after in some_limits(), value in some_limit()) {
        let mut subscription = subscription(before, ModuleSet::ALL);
        subscription.set_limit(LimitOverride { limit: PlanLimit::Kpis, value, expires_at: None });
        let (overrides, switches) = (subscription.overrides.clone(), subscription.switches.clone());
        let change = subscription.change_plan(terms(Plan::Community, after, ModuleSet::NONE));
        prop_assert_eq!((change, subscription.version), (Change::Applied, 2));
        prop_assert_eq!((&subscription.overrides, &subscription.switches), (&overrides, &switches));
        prop_assert_eq!(subscription.limit(PlanLimit::Kpis, noon()), value);
        prop_assert_eq!(subscription.limit(PlanLimit::Members, noon()), after.members);
    }
}

#[test]
fn what_is_so_already_changes_nothing() {
    let mut subscription = subscription(PlanLimits::NONE, ModuleSet::ALL);
    let same = subscription.terms.clone();
    assert_eq!((subscription.change_plan(same), subscription.version), (Change::None, 1));
    let exception = LimitOverride { limit: PlanLimit::Members, value: Some(3), expires_at: None };
    assert_eq!(subscription.clear_limit(PlanLimit::Members), Change::None);
    assert_eq!(subscription.set_limit(exception), Change::Applied);
    assert_eq!(subscription.set_limit(exception), Change::None);
    assert_eq!(subscription.clear_limit(PlanLimit::Members), Change::Applied);
    assert_eq!(subscription.set_module(switch(Module::Imports, None)), Change::None);
    assert_eq!(subscription.set_module(switch(Module::Imports, Some(false))), Change::Applied);
    assert_eq!(subscription.set_module(switch(Module::Imports, None)), Change::Applied);
    assert!(subscription.switches.is_empty(), "a decision that says nothing is not kept");
}

#[test]
fn a_module_that_is_not_in_the_plan_keeps_what_every_plan_has_of_it() {
    let mut subscription = subscription(PlanLimits::NONE, ModuleSet::ALL.without(Module::Reporting));
    let entitlements = subscription.entitlements(noon());
    assert_eq!(entitlements.require(Module::Reporting), Err(ModuleDisabled(Module::Reporting)));
    assert_eq!(entitlements.require_basic(Module::Reporting), Ok(()));
    subscription.set_module(switch(Module::Reporting, Some(false)));
    let entitlements = subscription.entitlements(noon());
    assert_eq!(entitlements.require_basic(Module::Reporting), Err(ModuleDisabled(Module::Reporting)));
}

#[test]
fn names_are_read_back() {
    for limit in PlanLimit::ALL {
        assert_eq!(PlanLimit::from_name(limit.name()), Some(limit));
    }
    for module in Module::ALL {
        assert_eq!(Module::from_name(module.name()), Some(module));
    }
    assert_eq!((PlanLimit::from_name("cats"), Module::from_name("cats")), (None, None));
}

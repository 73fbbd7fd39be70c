use crate::{NamedTenant, ResolutionRules, TenancyError, TenantHints};
use proptest::prelude::*;

fn rules() -> ResolutionRules {
    ResolutionRules::try_new("Vigie.Example.", &["console.corp.example:8443"], true).unwrap()
}

fn host(host: &str) -> Result<NamedTenant, TenancyError> {
    rules().named(&TenantHints { host: Some(host.to_owned()), ..TenantHints::default() })
}

fn three(host: Option<&str>, header: Option<&str>, query: Option<&str>) -> Result<NamedTenant, TenancyError> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    rules().named(&TenantHints { host: text(host), header: text(header), query: text(query) })
}

fn slug(text: &str) -> NamedTenant {
    NamedTenant { slug: Some(text.to_owned()), domain: None }
}

#[test]
fn one_label_under_the_base_domain_is_a_slug() {
    for text in [
        "paris.vigie.example",
        "PARIS.Vigie.Example",
        "paris.vigie.example:8080",
        "paris.vigie.example.",
        "paris.vigie.example.:80",
        " paris.vigie.example ",
    ] {
        assert_eq!(host(text).unwrap(), slug("paris"), "{text}");
    }
    let local = ResolutionRules::try_new("localhost", &[], true).unwrap();
    let hints = TenantHints { host: Some("paris.localhost:8080".to_owned()), ..TenantHints::default() };
    assert_eq!(local.named(&hints).unwrap(), slug("paris"));
}

#[test]
fn some_hosts_name_nobody() {
    for text in [
        "",
        "vigie.example",
        "vigie.example:8080",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:8080",
        "::1",
        "www.vigie.example",
        "api.vigie.example",
        "app.vigie.example",
        "localhost:8080",
        "vigie_api",
        "console.corp.example",
    ] {
        assert_eq!(host(text).unwrap(), NamedTenant::default(), "{text}");
    }
    assert_eq!(three(None, None, None).unwrap(), NamedTenant::default());
    assert_eq!(three(None, Some("  "), Some("")).unwrap(), NamedTenant::default());
}

#[test]
fn any_other_host_is_a_domain_in_its_plain_form() {
    for (text, domain) in [
        ("kpi.Example.org:443", "kpi.example.org"),
        ("indicateurs.mairie-créteil.fr", "indicateurs.xn--mairie-crteil-jhb.fr"),
        ("a.b.vigie.example", "a.b.vigie.example"),
        ("notvigie.example", "notvigie.example"),
        ("vigie.example.evil.org", "vigie.example.evil.org"),
    ] {
        assert_eq!(host(text).unwrap().domain.as_deref(), Some(domain), "{text}");
    }
}

#[test]
fn what_is_no_host_names_an_unknown_organization() {
    for text in [
        "a..vigie.example",
        "par is.vigie.example",
        "[::1",
        "[paris]",
        "paris.vigie.example:port",
        "a/b.example.org",
        "x@y.example.org",
        &"a.".repeat(200),
    ] {
        assert!(matches!(host(text), Err(TenancyError::TenantUnknown)), "{text}");
    }
}

#[test]
fn sources_that_agree_name_one_organization() {
    assert_eq!(three(Some("paris.vigie.example"), Some("Paris"), Some(" paris ")).unwrap(), slug("paris"));
    assert_eq!(three(None, Some("paris"), None).unwrap(), slug("paris"));
    assert_eq!(three(None, None, Some("paris")).unwrap(), slug("paris"));
}

#[test]
fn sources_that_disagree_are_a_conflict() {
    for (host, header, query) in [
        (Some("paris.vigie.example"), Some("lyon"), None),
        (Some("paris.vigie.example"), None, Some("lyon")),
        (Some("vigie.example"), Some("paris"), Some("lyon")),
        (Some("paris.vigie.example"), Some("paris"), Some("lyon")),
    ] {
        assert!(
            matches!(three(host, header, query), Err(TenancyError::TenantConflict)),
            "{host:?} {header:?} {query:?}"
        );
    }
}

#[test]
fn the_parameter_can_be_switched_off() {
    let rules = ResolutionRules::try_new("localhost", &[], false).unwrap();
    let hints = TenantHints { query: Some("paris".to_owned()), ..TenantHints::default() };
    assert_eq!(rules.named(&hints).unwrap(), NamedTenant::default());
}

#[test]
fn a_base_domain_is_a_host_name() {
    for bad in ["", "127.0.0.1", "[::1]", "a b", "https://vigie.example"] {
        assert_eq!(ResolutionRules::try_new(bad, &[], true), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn any_host_is_answered(text in "\\PC{0,80}") {
        let _ = host(&text);
    }
}

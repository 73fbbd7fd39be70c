use crate::mail::{LinkError, PublicUrl, PublicUrlError};
use proptest::prelude::*;
use url::Url;

fn public(text: &str) -> Result<PublicUrl, PublicUrlError> {
    PublicUrl::try_new(&Url::parse(text).unwrap())
}

#[test]
fn links_begin_with_https_or_stay_on_this_machine() {
    for good in
        ["https://kpi.example.org", "https://example.org:8443/kpi/", "http://localhost:8080", "http://[::1]/"]
    {
        assert!(public(good).is_ok(), "{good}");
    }
    for bad in ["http://kpi.example.org", "ftp://localhost/", "http://localhost.example.org"] {
        assert_eq!(public(bad), Err(PublicUrlError::NotSecure), "{bad}");
    }
    for bad in ["https://a:b@example.org", "https://example.org/?a=b", "https://example.org/#x", "data:,x"] {
        assert_eq!(public(bad), Err(PublicUrlError::NotPlain), "{bad}");
    }
}

#[test]
fn a_token_is_in_the_fragment() {
    let link = public("https://example.org/kpi/").unwrap().with_token("/reset-password", "pr_Ab-9").unwrap();
    assert_eq!(link.as_str(), "https://example.org/kpi/reset-password#token=pr_Ab-9");
    assert_eq!(format!("{link:?}"), "MailLink(/kpi/reset-password)");
}

#[test]
fn nothing_else_gets_into_a_link() {
    let base = public("https://example.org").unwrap();
    for path in
        ["", "x", "//evil.example", "/a/../b", "/a?b", "/a#b", "/a b", "/é", "/a\r\nb", "/a\\b", "/%2e"]
    {
        assert_eq!(base.page(path), Err(LinkError::Path), "{path:?}");
    }
    let long = "a".repeat(513);
    for token in ["", "a b", "a&b", "a\nb", "a\"b", "é", long.as_str()] {
        assert_eq!(base.with_token("/x", token), Err(LinkError::Token), "{token:?}");
    }
}

proptest! {
    #[test]
    fn whatever_is_asked_a_link_stays_on_the_host(path in "\\PC{0,40}", token in "\\PC{0,40}") {
        let base = public("https://kpi.example.org/app").unwrap();
        if let Ok(link) = base.with_token(&path, &token) {
            let url = Url::parse(link.as_str()).unwrap();
            prop_assert_eq!(url.host_str(), Some("kpi.example.org"));
            prop_assert!(url.path().starts_with("/app/"));
            prop_assert!(url.query().is_none());
            let fragment = format!("token={token}");
            prop_assert_eq!(url.fragment(), Some(fragment.as_str()));
        }
    }
}

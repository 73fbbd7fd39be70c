use crate::{Ed25519Tokens, TokenNames};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{EncodingKey, Header};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;
use vigie_auth::{AccessClaims, AccessTokens, InvalidAccessToken};
use vigie_kernel::testing::FixedClock;
use vigie_kernel::{Clock, Role};

pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) clock: Arc<FixedClock>,
    pub(super) tokens: Ed25519Tokens,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(FixedClock::at_text("2026-11-20T09:00:00Z"));
        let tokens =
            Ed25519Tokens::load(folder.path(), names("https://vigie.example"), clock.clone()).unwrap();
        Self { folder, clock, tokens }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn claims(&self) -> AccessClaims {
        AccessClaims {
            token_id: Uuid::from_u128(1),
            user: Uuid::from_u128(2).into(),
            session: Uuid::from_u128(3).into(),
            organization: Some(Uuid::from_u128(4).into()),
            role: Some(Role::Manager),
            authorization_version: 5,
            issued_at: self.now(),
            expires_at: self.now() + TimeDelta::seconds(600),
        }
    }

    /// The name of the key that a token is signed with.
    pub(super) fn kid_of(token: &str) -> String {
        jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
    }

    pub(super) fn issue(&self) -> String {
        self.tokens.issue(&self.claims()).unwrap().expose().to_owned()
    }

    pub(super) fn verify(&self, token: &str) -> Result<AccessClaims, InvalidAccessToken> {
        self.tokens.verify(token)
    }

    /// The header and the claims of a good token, to be spoiled.
    fn parts(&self) -> (Value, Value) {
        let token = self.issue();
        let part = |index| {
            let text = URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
            serde_json::from_slice(&text).unwrap()
        };
        (part(0), part(1))
    }

    /// A token with these parts, signed with the right key.
    fn forge(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let pem = std::fs::read_to_string(self.folder.path().join("access-token.pem")).unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
        let key = EncodingKey::from_ed_der(&STANDARD.decode(body).unwrap());
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

fn names(issuer: &str) -> TokenNames {
    TokenNames { issuer: issuer.to_owned(), audience: "vigie".to_owned() }
}

#[test]
fn a_token_reads_back_also_after_a_restart() {
    let world = World::new();
    let token = world.issue();
    assert_eq!(world.verify(&token).unwrap(), world.claims());
    let restarted =
        Ed25519Tokens::load(world.folder.path(), names("https://vigie.example"), world.clock.clone())
            .unwrap();
    assert_eq!(restarted.verify(&token).unwrap(), world.claims());
    assert_eq!(restarted.public_keys(), world.tokens.public_keys());
}

#[test]
fn a_platform_administrators_token_names_no_organization() {
    let world = World::new();
    let claims = AccessClaims { organization: None, role: None, authorization_version: 0, ..world.claims() };
    let token = world.tokens.issue(&claims).unwrap();
    assert_eq!(world.verify(token.expose()).unwrap(), claims);
}

#[test]
fn a_token_says_nothing_personal_and_has_its_type() {
    let (header, claims) = World::new().parts();
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("EdDSA")));
    let mut names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["aud", "av", "exp", "iat", "iss", "jti", "nbf", "org", "role", "sid", "sub"]);
}

#[test]
fn the_forger_of_these_tests_makes_good_tokens() {
    let world = World::new();
    let (header, claims) = world.parts();
    assert!(world.verify(&world.forge(&header, &claims)).is_ok());
}

#[rstest]
#[case::no_issuer("iss", None)]
#[case::no_audience("aud", None)]
#[case::no_subject("sub", None)]
#[case::no_expiry("exp", None)]
#[case::no_start("nbf", None)]
#[case::no_issue_time("iat", None)]
#[case::no_session("sid", None)]
#[case::no_id("jti", None)]
#[case::no_role("role", None)]
#[case::other_issuer("iss", Some(json!("https://evil.example")))]
#[case::other_audience("aud", Some(json!("other")))]
#[case::audience_list("aud", Some(json!(["other", "another"])))]
#[case::expiry_as_text("exp", Some(json!("1795165800")))]
#[case::expiry_with_fraction("exp", Some(json!(1_795_165_800.5)))]
#[case::expiry_negative("exp", Some(json!(-1)))]
#[case::expiry_huge("exp", Some(json!(u64::MAX)))]
#[case::issue_time_least("iat", Some(json!(i64::MIN)))]
#[case::role_unknown("role", Some(json!("GOD")))]
#[case::role_of_the_platform_in_an_organization("role", Some(json!("PLATFORM_ADMIN")))]
#[case::role_without_an_organization("org", Some(json!(null)))]
#[case::session_no_id("sid", Some(json!("../../etc")))]
fn a_token_with_wrong_claims_is_refused_even_well_signed(#[case] name: &str, #[case] value: Option<Value>) {
    let world = World::new();
    let (header, mut claims) = world.parts();
    match value {
        Some(value) => claims[name] = value,
        None => drop(claims.as_object_mut().unwrap().remove(name)),
    }
    assert_eq!(world.verify(&world.forge(&header, &claims)), Err(InvalidAccessToken));
}

#[rstest]
#[case::expired(-605, -5)]
#[case::not_yet(6, 606)]
#[case::lives_too_long(0, 901)]
#[case::lives_not_at_all(0, 0)]
fn a_token_out_of_time_is_refused(#[case] issued: i64, #[case] expires: i64) {
    let world = World::new();
    let claims = AccessClaims {
        issued_at: world.now() + TimeDelta::seconds(issued),
        expires_at: world.now() + TimeDelta::seconds(expires),
        ..world.claims()
    };
    let token = world.tokens.issue(&claims).unwrap();
    assert_eq!(world.verify(token.expose()), Err(InvalidAccessToken));
}

#[rstest]
#[case(-604, -4)]
#[case(5, 605)]
#[case(0, 900)]
fn clocks_may_differ_by_five_seconds(#[case] issued: i64, #[case] expires: i64) {
    let world = World::new();
    let claims = AccessClaims {
        issued_at: world.now() + TimeDelta::seconds(issued),
        expires_at: world.now() + TimeDelta::seconds(expires),
        ..world.claims()
    };
    let token = world.tokens.issue(&claims).unwrap();
    assert!(world.verify(token.expose()).is_ok());
}

#[rstest]
#[case::type_jwt("typ", json!("JWT"))]
#[case::type_missing("typ", json!(null))]
#[case::key_unknown("kid", json!("0000000000000000"))]
#[case::key_missing("kid", json!(null))]
#[case::key_path("kid", json!("../../../../dev/null"))]
#[case::key_long("kid", json!("a".repeat(2000)))]
#[case::brings_a_key("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}))]
#[case::points_to_keys("jku", json!("https://evil.example/jwks.json"))]
#[case::points_to_a_certificate("x5u", json!("https://evil.example/cert.pem"))]
#[case::brings_a_certificate("x5c", json!(["MIIB"]))]
#[case::demands_an_extension("crit", json!(["exp"]))]
#[case::algorithm_none("alg", json!("none"))]
#[case::algorithm_other("alg", json!("ES256"))]
#[case::algorithm_hmac("alg", json!("HS256"))]
fn a_token_with_a_wrong_header_is_refused_even_well_signed(#[case] name: &str, #[case] value: Value) {
    let world = World::new();
    let (mut header, claims) = world.parts();
    header[name] = value;
    assert_eq!(world.verify(&world.forge(&header, &claims)), Err(InvalidAccessToken));
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let world = World::new();
    let (mut header, claims) = world.parts();
    for algorithm in ["none", "None", "NONE", "EdDSA"] {
        header["alg"] = json!(algorithm);
        let unsigned = format!("{}.{}.", encoded(&header), encoded(&claims));
        assert_eq!(world.verify(&unsigned), Err(InvalidAccessToken));
        assert_eq!(world.verify(unsigned.trim_end_matches('.')), Err(InvalidAccessToken));
    }
}

#[test]
fn the_public_key_signs_nothing() {
    let world = World::new();
    let (header, claims) = world.parts();
    let public =
        URL_SAFE_NO_PAD.decode(world.tokens.public_keys()["keys"][0]["x"].as_str().unwrap()).unwrap();
    let mut hmac = Header::new(jsonwebtoken::Algorithm::HS256);
    hmac.typ = Some("at+jwt".to_owned());
    hmac.kid = header["kid"].as_str().map(str::to_owned);
    let token = jsonwebtoken::encode(&hmac, &claims, &EncodingKey::from_secret(&public)).unwrap();
    assert_eq!(world.verify(&token), Err(InvalidAccessToken));
}

#[test]
fn another_installations_token_is_refused() {
    let (here, there) = (World::new(), World::new());
    assert_eq!(here.verify(&there.issue()), Err(InvalidAccessToken));
}

#[test]
fn a_changed_token_and_any_other_text_is_refused() {
    let world = World::new();
    let token = world.issue();
    let (start, signature) = token.rsplit_once('.').unwrap();
    let (head, _) = start.split_once('.').unwrap();
    let (_, mut claims) = world.parts();
    claims["role"] = json!("OWNER");
    let raised = format!("{head}.{}.{signature}", encoded(&claims));
    let long = format!("{token}{}", "A".repeat(4097 - token.len()));
    for text in ["", ".", "..", "...", "a.b.c", "é.é.é", &raised, &long, &token[1..], &format!("{token}x")]
    {
        assert_eq!(world.verify(text), Err(InvalidAccessToken), "{text}");
    }
}

//! The OpenAPI document, collected from the routes, and what the server reads from it.

use crate::modules::{self, ModuleUse};
use crate::problem::Problem;
use crate::routes;
use actix_web::App;
use actix_web::dev::ResourceDef;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use std::collections::{BTreeSet, HashMap};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::scope::scope;

/// Where all routes of the API live.
pub const PREFIX: &str = "/api/v1";
const BEARER: &str = "bearer";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Vigie",
        description = "Dashboards and KPIs with green, orange and red status, action plans and imports, for many organizations.",
        license(name = "Apache-2.0 OR MIT")
    ),
    tags(
        (name = "auth", description = "Signing up, logging in and out"),
        (name = "user", description = "The caller and his organization"),
        (name = "notifications", description = "The caller's inbox"),
        (name = "dashboards", description = "Dashboards, which hold KPIs"),
        (name = "kpis", description = "KPIs and their thresholds"),
        (name = "values", description = "Values of KPIs by period"),
        (name = "actions", description = "Actions on KPIs"),
        (name = "comments", description = "Comments on KPIs and actions"),
        (name = "imports", description = "Imports of values from files"),
        (name = "reporting", description = "Where the organization stands"),
        (name = "admin", description = "What platform administrators do"),
        (name = "health", description = "Whether the server works")
    ),
    components(schemas(Problem)),
    modifiers(&Bearer)
)]
struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The access token that login answers."))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    }
}

/// The OpenAPI document of the whole API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .service(scope(PREFIX).configure(routes::configure))
        .configure(routes::health::configure)
        .configure(routes::well_known::configure)
        .split_for_parts();
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_mut(item) {
            finish(operation);
        }
    }
    document
}

/// What every operation has: a bearer token unless it says otherwise, and problems for everything that goes wrong.
fn finish(operation: &mut Operation) {
    modules::describe(operation);
    operation.security.get_or_insert_with(|| vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            described(status).clone_into(&mut response.description);
        }
    }
    let problem = ResponseBuilder::new()
        .description("What went wrong, as problem JSON")
        .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
        .build();
    operation.responses.responses.entry("default".to_owned()).or_insert_with(|| problem.into());
}

/// What a status means, in words.
fn described(status: &str) -> &str {
    status
        .parse()
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok()?.canonical_reason())
        .unwrap_or("Done")
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, item.get.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::PATCH, item.patch.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.map(|operation| (method, operation)))
}

/// The document as the server uses it.
pub(crate) struct ApiDocument {
    /// The JSON text.
    pub(crate) json: Bytes,
    paths: Vec<DocumentedPath>,
    public: BTreeSet<String>,
    modules: HashMap<String, Vec<(Method, ModuleUse)>>,
}

struct DocumentedPath {
    pattern: ResourceDef,
    methods: Vec<Method>,
}

impl ApiDocument {
    /// Reads the document once, at start.
    pub(crate) fn load() -> Result<Self, serde_json::Error> {
        let mut document = openapi();
        let json = Bytes::from(document.to_json()?);
        let document_path = format!("{PREFIX}{}", routes::docs::DOCUMENT);
        let mut public = BTreeSet::from([key(&Method::GET, &document_path)]);
        let mut paths = Vec::new();
        let mut modules: HashMap<String, Vec<(Method, ModuleUse)>> = HashMap::new();
        for (path, item) in &mut document.paths.paths {
            let mut methods = Vec::new();
            for (method, operation) in operations_mut(item) {
                let needs_token =
                    operation.security.iter().flatten().any(|one| *one != SecurityRequirement::default());
                if !needs_token {
                    public.insert(key(&method, path));
                }
                if let Some(needed) = modules::use_of(operation) {
                    modules.entry(path.clone()).or_default().push((method.clone(), needed));
                }
                methods.push(method);
            }
            paths.push(DocumentedPath { pattern: ResourceDef::new(path.as_str()), methods });
        }
        Ok(Self { json, paths, public, modules })
    }

    /// Whether the operation needs no token. One that is not in the document needs one.
    pub(crate) fn is_public(&self, method: &Method, pattern: &str) -> bool {
        self.public.contains(&key(method, pattern))
    }

    /// What the operation needs of an organization's modules; `None` when it belongs to none.
    pub(crate) fn module_of(&self, method: &Method, pattern: &str) -> Option<ModuleUse> {
        let uses = self.modules.get(pattern)?;
        uses.iter().find(|(known, _)| known == method).map(|(_, needed)| *needed)
    }

    /// The methods that a path has; empty when nothing is there.
    pub(crate) fn methods_of(&self, path: &str) -> Vec<&Method> {
        self.paths
            .iter()
            .filter(|known| known.pattern.is_match(path))
            .flat_map(|known| &known.methods)
            .collect()
    }
}

fn key(method: &Method, pattern: &str) -> String {
    format!("{method} {pattern}")
}

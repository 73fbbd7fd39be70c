//! `Idempotency-Key`: a request that creates something may be sent again after a lost answer, and is done once.
//!
//! A handler takes [`Once`], says what the request is about ([`Once::of`] and its sisters) and runs its work inside
//! [`OnceOf::run`]. Without the header that is the work itself. With it the answer is kept in the transaction of the
//! work (`docs/adr/0010`).

mod answered;

pub(crate) use answered::{Answered, Keep};

use crate::extract::{Body, Upload};
use crate::problem::{ApiError, Code};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use std::future::{Future, Ready, ready};
use std::io;
use utoipa::IntoParams;
use vigie_kernel::{
    Fingerprint, IdempotencyKey, KeptAnswer, KeyedRequest, Repeat, RequestRepeats, TenantContext,
};

/// The name of the header, in lower case.
const HEADER: &str = "idempotency-key";
/// Seconds after which a request that is in progress is asked about again.
const RETRY: u64 = 1;

/// The header, as the document describes it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only describes the header")]
pub(crate) struct IdempotencyHeader {
    /// A name for this request, 1 to 255 visible ASCII characters such as a UUID, new for each request. Sent again with it
    /// within 24 hours, the same request is not done again: it is answered as the first time, with `Idempotency-Replayed: true`.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

/// The key of a request, or that it has none.
pub(crate) struct Once(Option<Keyed>);

struct Keyed {
    key: IdempotencyKey,
    route: String,
    repeats: web::Data<dyn RequestRepeats>,
}

impl FromRequest for Once {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(req).map(Self))
    }
}

fn read(req: &HttpRequest) -> Result<Option<Keyed>, ApiError> {
    let mut values = req.headers().get_all(HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::parse(text.trim()));
    let (Some(key), None) = (key, values.next()) else {
        return Err(ApiError::new(Code::IdempotencyKeyInvalid));
    };
    let repeats = req.app_data::<web::Data<dyn RequestRepeats>>();
    let repeats = repeats.ok_or_else(|| ApiError::missing_service("repeats"))?.clone();
    Ok(Some(Keyed { key, route: format!("{} {}", req.method(), req.path()), repeats }))
}

impl Once {
    /// A request that its JSON body tells from others, byte by byte.
    pub(crate) fn of<T>(self, body: &Body<T>) -> OnceOf {
        self.about(&[body.bytes()])
    }

    /// A request that its path alone tells from others.
    pub(crate) fn of_path(self) -> OnceOf {
        self.about(&[])
    }

    /// A request that its path and one parameter of its query tell from others.
    pub(crate) fn of_parameter(self, value: Option<&str>) -> OnceOf {
        self.about(&[value.unwrap_or_default().as_bytes()])
    }

    /// An upload, told from others by the content of its file, its options and whether it only reports. The form's own bytes
    /// would not do: each attempt has another boundary.
    pub(crate) async fn of_upload(self, upload: &Upload, dry_run: bool) -> Result<OnceOf, ApiError> {
        if self.0.is_none() {
            return Ok(self.about(&[]));
        }
        let content = upload.content.clone();
        let hash = web::block(move || content.sha256()).await.map_err(io::Error::other).and_then(|hash| hash);
        let hash = hash.map_err(|error| ApiError::caused(Code::Internal, error))?;
        Ok(self.about(&[hash.as_bytes(), upload.options.to_string().as_bytes(), &[u8::from(dry_run)]]))
    }

    fn about(self, content: &[&[u8]]) -> OnceOf {
        OnceOf(self.0.map(|Keyed { key, route, repeats }| {
            let parts: Vec<&[u8]> = [route.as_bytes()].into_iter().chain(content.iter().copied()).collect();
            (KeyedRequest { key, fingerprint: Fingerprint::of(&parts) }, repeats)
        }))
    }
}

/// A request that is known by what it asks.
pub(crate) struct OnceOf(Option<(KeyedRequest, web::Data<dyn RequestRepeats>)>);

impl OnceOf {
    /// Does the work, or answers as when it was done.
    pub(crate) async fn run<R: Keep>(
        self,
        tenant: &TenantContext,
        work: impl Future<Output = Result<R, ApiError>> + Send,
    ) -> Result<Answered<R>, ApiError> {
        let Some((request, repeats)) = self.0 else { return work.await.map(Answered::Now) };
        let mut refused = None;
        let effect = Box::pin(async {
            let kept = work.await.and_then(|answer| keep(&answer));
            kept.map_err(|error| refused = Some(error)).ok()
        });
        match repeats.once(tenant, &request, effect).await? {
            Repeat::Done(answer) => Ok(Answered::Kept { answer, replayed: false }),
            Repeat::Repeated(answer) => Ok(Answered::Kept { answer, replayed: true }),
            Repeat::NotDone => Err(refused.unwrap_or_else(|| ApiError::new(Code::Internal))),
            Repeat::OtherRequest => Err(ApiError::new(Code::IdempotencyKeyReused)),
            Repeat::InProgress => Err(ApiError::new(Code::IdempotencyInProgress).retry_after(RETRY)),
        }
    }
}

fn keep<R: Keep>(answer: &R) -> Result<KeptAnswer, ApiError> {
    answer.keep().map_err(|error| ApiError::caused(Code::Internal, error))
}

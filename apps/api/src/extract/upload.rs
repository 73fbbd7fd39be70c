//! Multipart uploads: one `file` and, with it, `options`. The file goes to a temporary file unless it is small.

use super::strict_json::StrictValue;
use crate::problem::{ApiError, Code};
use crate::server::ServerState;
use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;
use vigie_imports::Source;
use vigie_kernel::FieldError;

/// Files up to this size stay in memory, in bytes.
const IN_MEMORY: usize = 1024 * 1024;
/// The largest `options`, in bytes.
const MAX_OPTIONS: usize = 64 * 1024;
/// Slowest accepted upload, after the first seconds.
const BYTES_PER_SECOND: u64 = 64 * 1024;
const FIRST_SECONDS: Duration = Duration::from_secs(10);

/// An uploaded file with its options.
pub(crate) struct Upload {
    /// The name that the client gave, without folders.
    pub(crate) file_name: String,
    /// The bytes.
    pub(crate) content: Source,
    /// The `options` object; null for none.
    pub(crate) options: serde_json::Value,
}

impl FromRequest for Upload {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = req.app_data::<web::Data<ServerState>>().map(|state| state.upload_bytes);
        let multipart = Multipart::from_request(req, payload);
        Box::pin(async move {
            let limit = limit.ok_or_else(|| ApiError::missing_service("server state"))?;
            let multipart = multipart
                .await
                .map_err(|error| ApiError::caused(Code::MultipartMalformed, error.to_string()))?;
            Reader { multipart, limit, received: 0, started: Instant::now() }.read().await
        })
    }
}

struct Reader {
    multipart: Multipart,
    limit: u64,
    received: u64,
    started: Instant,
}

impl Reader {
    async fn read(mut self) -> Result<Upload, ApiError> {
        let (mut file, mut options) = (None, None);
        while let Some(field) = self.multipart.next().await {
            let field = field.map_err(|error| malformed(&error))?;
            match field.name() {
                Some("file") if file.is_none() => {
                    let name = file_name(&field);
                    file = Some((name, self.store(field).await?));
                }
                Some("options") if options.is_none() => options = Some(self.options(field).await?),
                Some(name @ ("file" | "options")) => return Err(refused(name, "field_duplicate")),
                Some(name) => return Err(refused(name, "field_unknown")),
                None => return Err(ApiError::new(Code::MultipartMalformed)),
            }
        }
        let Some((file_name, content)) = file else { return Err(refused("file", "required")) };
        Ok(Upload { file_name, content, options: options.unwrap_or_default() })
    }

    async fn store(&mut self, mut field: Field) -> Result<Source, ApiError> {
        let mut small = Vec::new();
        let mut large: Option<Spill> = None;
        while let Some(chunk) = self.chunk(&mut field).await? {
            if let Some(spill) = &mut large {
                spill.write(&chunk).await?;
            } else if small.len() + chunk.len() <= IN_MEMORY {
                small.extend_from_slice(&chunk);
            } else {
                let mut spill = Spill::open().await?;
                spill.write(&small).await?;
                spill.write(&chunk).await?;
                small = Vec::new();
                large = Some(spill);
            }
        }
        match large {
            Some(spill) => spill.finish().await,
            None => Ok(Source::Bytes(Arc::from(small))),
        }
    }

    async fn options(&mut self, mut field: Field) -> Result<serde_json::Value, ApiError> {
        let mut text = Vec::new();
        while let Some(chunk) = self.chunk(&mut field).await? {
            if text.len() + chunk.len() > MAX_OPTIONS {
                return Err(too_large(u64::try_from(MAX_OPTIONS).unwrap_or(u64::MAX)));
            }
            text.extend_from_slice(&chunk);
        }
        let value: StrictValue = serde_json::from_slice(&text).map_err(|error| {
            let told = FieldError::new("options", "json_syntax");
            let told = told.with("line", error.line()).with("column", error.column());
            ApiError::field(Code::JsonMalformed, told)
        })?;
        Ok(value.0)
    }

    /// The next bytes of a field, unless they are too many or come too slowly.
    async fn chunk(&mut self, field: &mut Field) -> Result<Option<web::Bytes>, ApiError> {
        let earned = Duration::from_secs(self.received / BYTES_PER_SECOND);
        let deadline = self.started + FIRST_SECONDS + earned;
        let next = tokio::time::timeout_at(deadline, field.next()).await;
        let Some(chunk) = next.map_err(|_| ApiError::new(Code::BodyTimeout))? else { return Ok(None) };
        let chunk = chunk.map_err(|error| malformed(&error))?;
        self.received += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if self.received > self.limit {
            return Err(too_large(self.limit));
        }
        Ok(Some(chunk))
    }
}

/// A temporary file that is being written.
struct Spill {
    temporary: NamedTempFile,
    file: tokio::io::BufWriter<tokio::fs::File>,
}

impl Spill {
    async fn open() -> Result<Self, ApiError> {
        let made = web::block(|| {
            let temporary = tempfile::Builder::new().prefix("vigie-upload-").tempfile()?;
            let file = temporary.reopen()?;
            Ok::<_, io::Error>((temporary, file))
        });
        let (temporary, file) = made.await.map_err(io::Error::other).and_then(|made| made).map_err(broken)?;
        let file = tokio::io::BufWriter::with_capacity(256 * 1024, tokio::fs::File::from_std(file));
        Ok(Self { temporary, file })
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        self.file.write_all(bytes).await.map_err(broken)
    }

    async fn finish(mut self) -> Result<Source, ApiError> {
        self.file.flush().await.map_err(broken)?;
        let path = self.temporary.into_temp_path();
        Ok(Source::File(path.to_path_buf(), Some(Arc::new(path))))
    }
}

fn file_name(field: &Field) -> String {
    let given =
        field.content_disposition().and_then(|disposition| disposition.get_filename()).unwrap_or("file");
    let plain = given.rsplit(['/', '\\']).next().unwrap_or(given);
    plain.chars().filter(|c| !c.is_control()).take(255).collect()
}

fn malformed(error: &MultipartError) -> ApiError {
    let no_form = matches!(
        error,
        MultipartError::ContentTypeMissing
            | MultipartError::ContentTypeParse
            | MultipartError::ContentTypeIncompatible
    );
    let code = if no_form { Code::UnsupportedMediaType } else { Code::MultipartMalformed };
    ApiError::caused(code, error.to_string())
}

fn refused(field: &str, code: &'static str) -> ApiError {
    ApiError::invalid(FieldError::new(field, code).into())
}

fn too_large(limit: u64) -> ApiError {
    ApiError::field(Code::BodyTooLarge, FieldError::new("", "body_too_large").with("max_bytes", limit))
}

fn broken(error: io::Error) -> ApiError {
    ApiError::caused(Code::Internal, error)
}

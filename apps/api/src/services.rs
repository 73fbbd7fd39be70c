//! What the API needs from the rest of the product.

use std::sync::Arc;

/// Signs the cursors of lists, so that a cursor that the product did not give is refused.
pub trait SignCursors: Send + Sync {
    /// The signature of a message in a context.
    fn sign(&self, context: &str, message: &[u8]) -> [u8; 32];
}

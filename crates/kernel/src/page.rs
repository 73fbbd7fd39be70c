//! Pages of lists.

/// The size of a page when the caller names none.
pub const DEFAULT_LIMIT: u16 = 25;
/// The largest page of an ordinary list.
pub const MAX_LIMIT: u16 = 100;

/// The place in a list after which the next page starts: the sort key and the id of the last item, as text.
/// The HTTP edge signs and encodes it; inside it is plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last item's sort key, in a form that the repository which made it reads back.
    pub key: String,
    /// The last item's id, which makes the order total.
    pub id: uuid::Uuid,
}

/// Which page is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many items, 1..=100 (1..=1000 where a route says so).
    pub limit: u16,
    /// Start after this place; `None` starts at the beginning.
    pub after: Option<Cursor>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: DEFAULT_LIMIT, after: None }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts a result that was read with one row more than the limit, and notes where the next page starts.
    #[must_use]
    pub fn from_overfull(mut items: Vec<T>, limit: u16, cursor: impl FnOnce(&T) -> Cursor) -> Self {
        let limit = usize::from(limit);
        if items.len() <= limit {
            return Self { items, next: None };
        }
        items.truncate(limit);
        let next = items.last().map(cursor);
        Self { items, next }
    }

    /// The same page with each item translated.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

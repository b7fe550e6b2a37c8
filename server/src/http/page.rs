//! Lists by keyset: a cursor holds the sort keys of the last item that was seen.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use super::error::{Problem, Result};

/// `?limit=` and `?cursor=` of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items at most, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// Where the page before ended: its `next_cursor`.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// The number of items.
    ///
    /// # Errors
    /// 422 outside of 1 to 200.
    pub fn limit(&self) -> Result<i64> {
        match self.limit.unwrap_or(50) {
            limit @ 1..=200 => Ok(limit),
            _ => {
                Err(Problem::invalid_field("/limit", "OUT_OF_RANGE", "The limit must be between 1 and 200."))
            }
        }
    }

    /// The keys behind which the page starts; `None` for the first page.
    ///
    /// # Errors
    /// 422 for a cursor that we did not make.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .map(Some)
            .ok_or_else(|| Problem::invalid_field("/cursor", "INVALID", "The cursor is not one of ours."))
    }
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Listing<T> {
    /// The items in order.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; `null` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Listing<T> {
    /// A page of at most `limit` from up to `limit + 1` items that were read; `key` gives an item's sort keys.
    pub fn from_one_more<K: Serialize>(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> K) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items
            .last()
            .filter(|_| more)
            .map(|last| URL_SAFE_NO_PAD.encode(serde_json::to_vec(&key(last)).unwrap_or_default()));
        Self { items, next_cursor }
    }

    /// A list that fits one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_to_the_next_page_and_a_forged_one_nowhere() {
        let page = Listing::from_one_more(vec![1, 2, 3], 2, |n| (*n, "x".to_owned()));
        assert_eq!(page.items, [1, 2]);
        let query = PageQuery { limit: None, cursor: page.next_cursor };
        assert_eq!(query.after::<(i32, String)>().expect("ours"), Some((2, "x".to_owned())));
        let forged = PageQuery { limit: Some(0), cursor: Some("%%%".into()) };
        assert!(forged.after::<(i32, String)>().is_err());
        assert!(forged.limit().is_err());
        assert_eq!(Listing::from_one_more(vec![1], 1, |n| *n).next_cursor, None);
    }
}

//! Typed switches that are kept as JSON: every key is known, has a type and a default, and only what was set is stored,
//! so that a default can still move.

/// Declares switches and what changes them.
///
/// `Switches::read` takes what is stored over given defaults; `Change::onto` writes a change over what is stored, where
/// `null` goes back to the default. A change with an unknown key is refused when it is parsed.
macro_rules! switches {
    (
        $(#[$about:meta])* $name:ident, $(#[$change_about:meta])* $change:ident {
            $($(#[$doc:meta])* $key:ident: $kind:ty = $default:expr,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
        pub struct $name {
            $($(#[$doc])* pub $key: $kind,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $name {
            /// What is stored, over `defaults`.
            pub fn read(stored: &serde_json::Value, defaults: Self) -> Self {
                let mut found = defaults;
                $(if let Some(value) = stored.get(stringify!($key))
                    && let Ok(value) = serde_json::from_value(value.clone())
                {
                    found.$key = value;
                })+
                found
            }
        }

        $(#[$change_about])*
        #[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $change {
            $($(#[$doc])*
            #[serde(deserialize_with = "crate::http::extract::given")]
            #[schema(value_type = Option<$kind>)]
            pub $key: Option<Option<$kind>>,)+
        }

        impl $change {
            /// What is stored after this change of `stored`.
            pub fn onto(&self, stored: &serde_json::Value) -> serde_json::Value {
                let mut all = stored.as_object().cloned().unwrap_or_default();
                $(match &self.$key {
                    Some(Some(value)) => {
                        all.insert(stringify!($key).to_owned(), serde_json::json!(value));
                    }
                    Some(None) => {
                        all.remove(stringify!($key));
                    }
                    None => (),
                })+
                all.into()
            }
        }
    };
}
pub(crate) use switches;

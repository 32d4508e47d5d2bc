//! What the desktop says about looks: dark or light, contrast, motion. On Linux from the settings portal.

/// The desktop's wishes, as far as it tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appearance {
    pub dark: Option<bool>,
    pub reduced_motion: bool,
    pub high_contrast: bool,
}

/// Tells the appearance now and after each change, for as long as `tell` wants to hear.
/// Elsewhere than on Linux the window gets it from its own toolkit.
#[cfg(not(target_os = "linux"))]
pub async fn follow(_tell: impl FnMut(Appearance) -> bool) {}

#[cfg(target_os = "linux")]
pub async fn follow(tell: impl FnMut(Appearance) -> bool) {
    if let Err(err) = portal::follow(tell).await {
        tracing::info!(%err, "the desktop tells nothing about its appearance");
    }
}

#[cfg(target_os = "linux")]
mod portal {
    use futures_util::StreamExt as _;
    use zbus::zvariant::{OwnedValue, Value};

    use super::Appearance;

    const LOOKS: &str = "org.freedesktop.appearance";
    const SCHEME: &str = "color-scheme";
    const MOTION: &str = "reduced-motion";
    const GNOME: &str = "org.gnome.desktop.interface";
    const ANIMATIONS: &str = "enable-animations";
    const CONTRAST: &str = "contrast";
    const GNOME_ACCESS: &str = "org.gnome.desktop.a11y.interface";
    const HIGH_CONTRAST: &str = "high-contrast";

    pub async fn follow(mut tell: impl FnMut(Appearance) -> bool) -> zbus::Result<()> {
        let bus = zbus::Connection::session().await?;
        let portal = zbus::Proxy::new(
            &bus,
            "org.freedesktop.portal.Desktop",
            "/org/freedesktop/portal/desktop",
            "org.freedesktop.portal.Settings",
        )
        .await?;
        // Listen first, so that no change between reading and listening is missed.
        let mut changes = portal.receive_signal("SettingChanged").await?;
        let mut appearance = Appearance::default();
        let known = [
            (LOOKS, SCHEME),
            (LOOKS, MOTION),
            (GNOME, ANIMATIONS),
            (LOOKS, CONTRAST),
            (GNOME_ACCESS, HIGH_CONTRAST),
        ];
        for (namespace, key) in known {
            // An older portal does not know every key; then the default stands.
            let value: Option<OwnedValue> = portal.call("Read", &(namespace, key)).await.ok();
            if let Some(value) = value {
                take(&mut appearance, namespace, key, &value);
            }
        }
        if !tell(appearance) {
            return Ok(());
        }
        while let Some(change) = changes.next().await {
            let body = change.body();
            let (namespace, key, value): (String, String, OwnedValue) = body.deserialize()?;
            let before = appearance;
            take(&mut appearance, &namespace, &key, &value);
            if appearance != before && !tell(appearance) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn take(appearance: &mut Appearance, namespace: &str, key: &str, value: &Value<'_>) {
        match (namespace, key, inner(value)) {
            (LOOKS, SCHEME, Value::U32(scheme)) => appearance.dark = Some(*scheme == 1),
            (LOOKS, MOTION, Value::U32(motion)) => appearance.reduced_motion = *motion == 1,
            (GNOME, ANIMATIONS, Value::Bool(on)) => appearance.reduced_motion = !on,
            (LOOKS, CONTRAST, Value::U32(contrast)) => appearance.high_contrast = *contrast == 1,
            (GNOME_ACCESS, HIGH_CONTRAST, Value::Bool(on)) => appearance.high_contrast = *on,
            _ => {} // a setting that does not concern us
        }
    }

    /// The portal wraps a value into a variant, some versions twice.
    fn inner<'a>(value: &'a Value<'a>) -> &'a Value<'a> {
        match value {
            Value::Value(boxed) => inner(boxed),
            plain => plain,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_wrapped_scheme_is_read() {
            let mut appearance = Appearance::default();
            let wrapped = Value::Value(Box::new(Value::Value(Box::new(Value::U32(1)))));
            take(&mut appearance, LOOKS, SCHEME, &wrapped);
            assert_eq!(appearance.dark, Some(true));
            take(&mut appearance, LOOKS, SCHEME, &Value::U32(2));
            assert_eq!(appearance.dark, Some(false));
            take(&mut appearance, GNOME, ANIMATIONS, &Value::Bool(false));
            assert!(appearance.reduced_motion);
        }

        #[test]
        fn high_contrast_is_read_from_either_place() {
            for (namespace, key, on, off) in [
                (LOOKS, CONTRAST, Value::U32(1), Value::U32(0)),
                (GNOME_ACCESS, HIGH_CONTRAST, Value::Bool(true), Value::Bool(false)),
            ] {
                let mut appearance = Appearance::default();
                take(&mut appearance, namespace, key, &on);
                assert!(appearance.high_contrast, "{key}");
                take(&mut appearance, namespace, key, &off);
                assert_eq!(appearance, Appearance::default());
            }
        }
    }
}

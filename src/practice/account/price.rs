//! What an app costs.

use serde_json::Value;

use super::{call::Refusal, spec};

/// The monthly cost in dollars, or what is wrong with the sizes.
pub(super) fn of(spec: &Value) -> Result<u64, Refusal> {
    const SIZES: [(&str, u64); 4] = [
        ("apps-s-1vcpu-0.5gb", 5),
        ("apps-s-1vcpu-1gb-fixed", 10),
        ("apps-s-1vcpu-1gb", 12),
        ("apps-s-1vcpu-2gb", 25),
    ];
    let mut cost = 0;
    for kind in ["services", "workers", "jobs"] {
        for component in spec.as_object().into_iter().flat_map(|spec| spec::list(spec, kind)) {
            let slug = component.get("instance_size_slug").and_then(Value::as_str);
            let slug = slug.unwrap_or("apps-s-1vcpu-0.5gb");
            let (_, price) = SIZES.iter().find(|(size, _)| *size == slug).ok_or_else(|| {
                Refusal::BadRequest(format!(
                    "error validating app spec field \"{kind}.instance_size_slug\": unknown size {slug}"
                ))
            })?;
            cost += price * component.get("instance_count").and_then(Value::as_u64).unwrap_or(1);
        }
    }
    Ok(cost)
}

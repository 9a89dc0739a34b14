//! How many requests were answered and how long they took, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;

const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Default)]
pub(crate) struct Requests(BTreeMap<Labels, Histogram>);

/// A request counts under its route's pattern, never its address: ids would make endless series.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Labels {
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) status: u16,
}

#[derive(Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Requests {
    pub(crate) fn count(&mut self, labels: Labels, seconds: f64) {
        let histogram = self.0.entry(labels).or_default();
        for (bucket, bound) in histogram.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        histogram.count += 1;
        histogram.sum += seconds;
    }

    pub(crate) fn render(&self, text: &mut String) {
        head(text, "http_requests_total", "counter", "Requests answered.");
        for (labels, histogram) in &self.0 {
            let _ = writeln!(text, "http_requests_total{{{}}} {}", labels.text(), histogram.count);
        }
        head(text, "http_request_duration_seconds", "histogram", "How long answers took.");
        for (labels, histogram) in &self.0 {
            let name = "http_request_duration_seconds";
            let labels = labels.text();
            for (bound, count) in BOUNDS.iter().zip(histogram.buckets) {
                let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", histogram.count);
            let _ = writeln!(text, "{name}_sum{{{labels}}} {}", histogram.sum);
            let _ = writeln!(text, "{name}_count{{{labels}}} {}", histogram.count);
        }
    }
}

pub(crate) fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

impl Labels {
    fn text(&self) -> String {
        format!("method=\"{}\",route=\"{}\",status=\"{}\"", self.method, self.route, self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::{Labels, Requests};

    #[test]
    fn buckets_are_cumulative_and_end_with_the_count() {
        let mut requests = Requests::default();
        for seconds in [0.001, 0.03, 60.0] {
            requests.count(Labels { method: "GET".into(), route: "/orders/{id}".into(), status: 200 }, seconds);
        }
        let mut text = String::new();
        requests.render(&mut text);
        let labels = "method=\"GET\",route=\"/orders/{id}\",status=\"200\"";
        for (le, count) in [("0.005", 1), ("0.025", 1), ("0.05", 2), ("10", 2), ("+Inf", 3)] {
            let line = format!("http_request_duration_seconds_bucket{{{labels},le=\"{le}\"}} {count}\n");
            assert!(text.contains(&line), "{line}\n{text}");
        }
        assert!(text.contains(&format!("http_requests_total{{{labels}}} 3\n")), "{text}");
    }
}

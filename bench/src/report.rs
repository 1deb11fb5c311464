//! What was found: one line a measurement on the screen, everything as JSON, and plots.

use std::{fmt, path::Path};

use anyhow::Result;
use plotters::prelude::*;
use serde::Serialize;
use serde_json::Value;

/// What a ratio (ours to the other) should be.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Target {
    /// More is better.
    AtLeast(f64),
    /// Less is better.
    AtMost(f64),
    /// Only told.
    Reported,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, ">={least}"),
            Self::AtMost(most) => write!(f, "<={most}"),
            Self::Reported => f.write_str("reported"),
        }
    }
}

/// One measurement's outcome.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) ours: f64,
    pub(crate) other: f64,
    pub(crate) ratio: f64,
    /// Of `ours` and `other`.
    pub(crate) unit: &'static str,
    pub(crate) target: Target,
    /// Every round, quantiles, numbers: for whoever wants to look closer.
    pub(crate) details: Value,
}

impl Outcome {
    pub(crate) fn new(
        name: &str,
        unit: &'static str,
        (ours, other): (f64, f64),
        target: Target,
        details: Value,
    ) -> Self {
        Self { name: name.to_owned(), ours, other, ratio: ours / other, unit, target, details }
    }

    pub(crate) fn passes(&self) -> bool {
        match self.target {
            Target::AtLeast(least) => self.ratio >= least,
            Target::AtMost(most) => self.ratio <= most,
            Target::Reported => true,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, ours, other, ratio, unit, target, .. } = self;
        let verdict = if self.passes() { "pass" } else { "short" };
        write!(
            f,
            "{name} ratio={ratio:.2} ours={ours:.3}{unit} other={other:.3}{unit} target={target} {verdict}"
        )
    }
}

/// A line of a plot.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// How something grows.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) axes: (&'static str, &'static str),
    pub(crate) series: Vec<Series>,
}

/// Draws measured points; both axes logarithmic, from what is measured.
pub(crate) fn plot(folder: &Path, plot: &Plot) -> Result<()> {
    let Plot { file, title, axes: (x_name, y_name), series } = plot;
    let path = folder.join(file);
    let all = || series.iter().flat_map(|line| &line.points);
    let bounds = |values: &mut dyn Iterator<Item = f64>| {
        let (low, high) =
            values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        (low / 1.5)..(high * 1.5)
    };
    let x = bounds(&mut all().map(|point| point.0));
    let y = bounds(&mut all().map(|point| point.1));
    let area = SVGBackend::new(&path, (720, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(*title, ("sans-serif", 18))
        .margin(14)
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d(x.log_scale(), y.log_scale())?;
    chart.configure_mesh().x_desc(*x_name).y_desc(*y_name).light_line_style(WHITE).draw()?;
    for (index, line) in series.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), color.stroke_width(2)))?
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], color.stroke_width(2)));
        chart.draw_series(line.points.iter().map(|point| Circle::new(*point, 3, color.filled())))?;
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.85)).border_style(BLACK.mix(0.3)).draw()?;
    area.present()?;
    Ok(())
}

/// More than this many times better is drawn as this: who has room for ten would hide how near the others are.
const BETTER_MAX: f64 = 5.0;

/// The ratio of every measurement to its target, as a plot: one is just enough, more is better.
pub(crate) fn plot_ratios(path: &Path, outcomes: &[Outcome]) -> Result<()> {
    let judged: Vec<(&str, f64)> = outcomes
        .iter()
        .filter_map(|outcome| match outcome.target {
            Target::AtLeast(least) => Some((outcome.name.as_str(), outcome.ratio / least)),
            // Where none at all is the target, none is just enough.
            Target::AtMost(0.0) if outcome.ratio <= 0.0 => Some((outcome.name.as_str(), 1.0)),
            Target::AtMost(most) => {
                Some((outcome.name.as_str(), most / outcome.ratio.max(f64::MIN_POSITIVE)))
            }
            Target::Reported => None,
        })
        .map(|(name, better)| (name, better.min(BETTER_MAX)))
        // The first stands on top.
        .rev()
        .collect();
    let rows = judged.len();
    let height = u32::try_from(rows).unwrap_or(0) * 34 + 90;
    let area = SVGBackend::new(path, (720, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let names: Vec<&str> = judged.iter().map(|(name, _)| *name).collect();
    let mut chart = ChartBuilder::on(&area)
        .caption(
            format!("times better than the target (1 = just enough, {BETTER_MAX} = that or more)"),
            ("sans-serif", 16),
        )
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(170)
        .build_cartesian_2d(0.0..BETTER_MAX * 1.05, (0..rows).into_segmented())?;
    let name_of = |segment: &SegmentValue<usize>| match segment {
        SegmentValue::CenterOf(row) | SegmentValue::Exact(row) => {
            names.get(*row).copied().unwrap_or("").to_owned()
        }
        SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(rows + 1)
        .y_label_formatter(&name_of)
        .light_line_style(WHITE)
        .draw()?;
    chart.draw_series(judged.iter().enumerate().map(|(row, (_, ratio))| {
        let color = if *ratio >= 1.0 { RGBColor(46, 139, 120) } else { RGBColor(200, 120, 40) };
        let mut bar = Rectangle::new(
            [(0.0, SegmentValue::Exact(row)), (*ratio, SegmentValue::Exact(row + 1))],
            color.filled(),
        );
        bar.set_margin(6, 6, 0, 0);
        bar
    }))?;
    let whole = [(1.0, SegmentValue::Exact(0)), (1.0, SegmentValue::Last)];
    chart.draw_series([PathElement::new(whole.to_vec(), BLACK.stroke_width(1))])?;
    area.present()?;
    Ok(())
}

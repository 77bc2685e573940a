//! Fits the weights of inference to schemas whose foreign keys are known.
//!
//! A column has one parent of those that its name can mean, or none. How likely each is goes by the sum of its reasons'
//! weights (a multinomial logit, with 0 for none), which is what inference itself says. The weights are those that make
//! what is declared likeliest; a pull towards the weights from before keeps those in place that few columns tell of.

use std::collections::BTreeMap;

use relaudit::infer::{self, Explanation, Weights};
use relaudit::yaml;

use super::corpus::{Case, Pair};

const PRIOR: &str = include_str!("prior.yaml");
/// How strongly the weights are pulled towards the prior ones.
const PULL: f64 = 10.0;
/// The same for what tells less of whether a reference is meant than of whether its house declares references: few houses
/// tell of it, each of many columns.
const PULL_OF_HOUSES: f64 = 40.0;
const OF_HOUSES: [&str; 3] = ["target_numbered", "text_key", "keyless"];
const STEPS: i32 = 300;
const RATE: f64 = 0.05;

/// One column: the reasons of each candidate as indexes of weights, and which candidate is the parent.
struct Sample {
    candidates: Vec<Vec<usize>>,
    parent: Option<usize>,
    weight: f64,
}

/// The weights from before any fit.
pub(crate) fn prior() -> anyhow::Result<Weights> {
    let mut file: BTreeMap<String, BTreeMap<String, i32>> = yaml::read(PRIOR).map_err(anyhow::Error::msg)?;
    Ok(Weights::new(file.remove("weights").unwrap_or_default()))
}

/// The weights that fit the cases best, learned from what inference sees with `known` weights.
pub(crate) fn fit(cases: &[&Case], seen: &[Vec<Explanation>], prior: &Weights) -> Weights {
    let names: Vec<&str> = prior.iter().map(|(name, _)| name).collect();
    let start: Vec<f64> = prior.iter().map(|(_, weight)| f64::from(weight) / 1000.0).collect();
    let samples: Vec<Sample> = cases
        .iter()
        .zip(seen)
        .filter(|(case, _)| !case.recall_only)
        .flat_map(|(case, seen)| samples(case, seen, &names))
        .collect();
    let pulls: Vec<f64> = names
        .iter()
        .map(|name| if OF_HOUSES.contains(name) { PULL_OF_HOUSES } else { PULL })
        .collect();
    let mut fitted = climb(&samples, &start, &pulls);
    let (scale, shift) = calibration(&samples, &fitted);
    for (name, weight) in names.iter().zip(&mut fitted) {
        *weight *= scale;
        if NAMINGS.contains(name) {
            *weight += shift;
        }
    }
    let weights = names
        .iter()
        .zip(fitted)
        .map(|(name, weight)| ((*name).to_owned(), thousandths(weight)));
    Weights::new(weights.collect())
}

/// What inference sees in each case.
pub(crate) fn see(cases: &[&Case], weights: &Weights) -> Vec<Vec<Explanation>> {
    cases
        .iter()
        .map(|case| infer::explain(&case.schema, &Case::stated(), weights))
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "log-odds are small numbers")]
fn thousandths(weight: f64) -> i32 {
    (weight * 1000.0).round() as i32
}

fn samples(case: &Case, seen: &[Explanation], names: &[&str]) -> Vec<Sample> {
    let mut samples: Vec<Sample> = seen
        .iter()
        .filter(|column| !column.parents.is_empty())
        .map(|column| Sample {
            candidates: column
                .parents
                .iter()
                .map(|parent| {
                    let codes = parent.evidence.iter().map(|reason| reason.code);
                    codes.filter_map(|code| names.binary_search(&code).ok()).collect()
                })
                .collect(),
            parent: column.parents.iter().position(|parent| {
                Pair::of(&column.child, &parent.parent)
                    .iter()
                    .all(|pair| case.truth.contains(pair))
            }),
            weight: 1.0,
        })
        .collect();
    // A schema of a thousand columns tells more than one of ten, but not a hundred times as much.
    let count = f64::from(u32::try_from(samples.len()).unwrap_or(u32::MAX));
    for sample in &mut samples {
        sample.weight = (40.0 / count.max(1.0)).sqrt();
    }
    samples
}

/// Adam on the whole of the samples, which is convex but for nothing: it ends where the likelihood is greatest.
fn climb(samples: &[Sample], start: &[f64], pulls: &[f64]) -> Vec<f64> {
    let mut weights = start.to_vec();
    let (mut mean, mut square) = (vec![0.0; weights.len()], vec![0.0; weights.len()]);
    for step in 1..=STEPS {
        let slope = slope(samples, &weights, start, pulls);
        let (unbias_mean, unbias_square) = (1.0 - 0.9_f64.powi(step), 1.0 - 0.99_f64.powi(step));
        let rate = RATE * (1.0 - 0.9 * f64::from(step) / f64::from(STEPS));
        for (at, weight) in weights.iter_mut().enumerate() {
            mean[at] = 0.9 * mean[at] + 0.1 * slope[at];
            square[at] = 0.99 * square[at] + 0.01 * slope[at] * slope[at];
            *weight -= rate * (mean[at] / unbias_mean) / ((square[at] / unbias_square).sqrt() + 1e-8);
        }
    }
    weights
}

/// The ways of naming: each candidate has one of these.
const NAMINGS: [&str; 30] = [
    "name_stem",
    "weak_tail",
    "bare_usual",
    "bare_unusual",
    "qualified",
    "qualified_bare",
    "role_stem",
    "role_weak_tail",
    "role_bare_usual",
    "role_bare_unusual",
    "key_owned",
    "key_unique",
    "key_shared",
    "role_key_owned",
    "role_key_unique",
    "role_key_shared",
    "person_role",
    "agent",
    "self_tree",
    "self_other",
    "shared_key",
    "precedent",
    "ordinal",
    "family",
    "comment",
    "abbreviation",
    "abbreviation_part",
    "recurring",
    "link_role",
    "natural_key",
];

/// By what to multiply all weights, and what to add to each way of naming, so that what says 0.9 is right nine times in
/// ten: of the best candidate of each column, whatever its schema.
fn calibration(samples: &[Sample], weights: &[f64]) -> (f64, f64) {
    let (mut scale, mut shift) = (1.0_f64, 0.0_f64);
    let score = |codes: &[usize]| codes.iter().map(|code| weights[*code]).sum::<f64>();
    for _ in 0..400 {
        let (mut scale_slope, mut shift_slope, mut count) = (0.0, 0.0, 0.0);
        for sample in samples {
            let scores: Vec<f64> = sample.candidates.iter().map(|codes| score(codes)).collect();
            let odds: Vec<f64> = scores
                .iter()
                .map(|score| (scale * score + shift).clamp(-30.0, 30.0).exp())
                .collect();
            let sum = 1.0 + odds.iter().sum::<f64>();
            for (at, (score, odds)) in scores.iter().zip(&odds).enumerate() {
                let error = odds / sum - if sample.parent == Some(at) { 1.0 } else { 0.0 };
                scale_slope += error * score;
                shift_slope += error;
            }
            count += 1.0;
        }
        scale -= 0.2 * scale_slope / count;
        shift -= 0.5 * shift_slope / count;
    }
    (scale, shift)
}

fn slope(samples: &[Sample], weights: &[f64], start: &[f64], pulls: &[f64]) -> Vec<f64> {
    let mut slope: Vec<f64> = weights
        .iter()
        .zip(start)
        .zip(pulls)
        .map(|((weight, start), pull)| pull * (weight - start))
        .collect();
    for sample in samples {
        let scores: Vec<f64> = sample
            .candidates
            .iter()
            .map(|codes| {
                codes
                    .iter()
                    .map(|code| weights[*code])
                    .sum::<f64>()
                    .clamp(-30.0, 30.0)
                    .exp()
            })
            .collect();
        let sum: f64 = 1.0 + scores.iter().sum::<f64>();
        for (at, (codes, score)) in sample.candidates.iter().zip(&scores).enumerate() {
            let is_parent = if sample.parent == Some(at) { 1.0 } else { 0.0 };
            let error = sample.weight * (score / sum - is_parent);
            for code in codes {
                slope[*code] += error;
            }
        }
    }
    slope
}

//! Which step comes first: phases in their order, and within them what others need.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::Withheld;
use super::rebuilds;
use super::tasks::{Task, TaskKey, Tasks};

/// The tasks in an order that holds. What needs a task that is withheld is withheld too.
pub(super) fn order(tasks: Tasks<'_>) -> (Vec<Task>, Vec<Withheld>) {
    let Tasks {
        planned: mut tasks,
        mut withheld,
        facts,
        dialect,
        ..
    } = tasks;
    leave_out_blocked(&mut tasks, &mut withheld);
    rebuilds::gather(&mut tasks, &mut withheld, facts.schema, dialect);
    leave_out_blocked(&mut tasks, &mut withheld);
    for key in in_circles(&tasks) {
        if let Some(task) = tasks.remove(&key) {
            withhold(
                &mut withheld,
                key,
                task,
                "it and another step need each other first".to_owned(),
            );
        }
    }
    (sorted(tasks), withheld.into_values().collect())
}

/// What needs a task that is withheld is withheld too.
fn leave_out_blocked(tasks: &mut BTreeMap<TaskKey, Task>, withheld: &mut BTreeMap<TaskKey, Withheld>) {
    loop {
        let blocked = tasks.iter().find_map(|(key, task)| {
            let reason = task.after.iter().find_map(|needed| withheld.get(needed))?;
            Some((key.clone(), reason.title.clone()))
        });
        let Some((key, needed)) = blocked else { break };
        if let Some(task) = tasks.remove(&key) {
            withhold(withheld, key, task, format!("it needs what is withheld: {needed}"));
        }
    }
}

pub(super) fn withhold(withheld: &mut BTreeMap<TaskKey, Withheld>, key: TaskKey, task: Task, reason: String) {
    let left_out = Withheld {
        title: task.title,
        reason,
        decide: String::new(),
    };
    withheld.insert(key, left_out);
}

/// Tasks that wait for each other.
fn in_circles(tasks: &BTreeMap<TaskKey, Task>) -> BTreeSet<TaskKey> {
    let mut graph: DiGraph<&TaskKey, ()> = DiGraph::new();
    let nodes: BTreeMap<&TaskKey, NodeIndex> = tasks.keys().map(|key| (key, graph.add_node(key))).collect();
    for (key, task) in tasks {
        for needed in &task.after {
            if let (Some(from), Some(to)) = (nodes.get(needed), nodes.get(key)) {
                graph.add_edge(*from, *to, ());
            }
        }
    }
    tarjan_scc(&graph)
        .into_iter()
        .filter(|component| component.len() > 1)
        .flatten()
        .map(|node| graph[node].clone())
        .collect()
}

/// Takes again and again the first task, by phase and key, whose needs are met.
fn sorted(mut tasks: BTreeMap<TaskKey, Task>) -> Vec<Task> {
    let mut done = Vec::new();
    while !tasks.is_empty() {
        let ready = tasks
            .iter()
            .filter(|(_, task)| !task.after.iter().any(|needed| tasks.contains_key(needed)))
            .min_by_key(|(key, task)| (task.phase, *key));
        let Some(key) = ready.map(|(key, _)| key.clone()) else {
            break;
        };
        done.extend(tasks.remove(&key));
    }
    done
}

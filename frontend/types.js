/**
 * The shapes that the server sends (server/views.py), for the editor's sake. Times are ISO 8601 in UTC.
 *
 * @typedef {"waiting"|"running"|"paused"|"stopped"|"finished"|"failed"} RunState
 * @typedef {{mean: number, sd: number|null, n: number, distinct: number}} ScoreSummary
 * @typedef {{generation: number, phase: "evaluation"|"validation"|"test", done: number, total: number,
 *   frames_per_second: number, seconds_left: number|null}} Progress
 * @typedef {{id: string, name: string, state: RunState, state_reason: string|null, environment_id: string,
 *   architecture_name: string, preset: string|null, generation: number, frames: number, steps: number,
 *   active_seconds: number, best: number|null, best_elite: ScoreSummary|null, elite: ScoreSummary|null,
 *   mean: number|null, created_at: string, finished_at: string|null,
 *   progress: Progress|null, cost: RunCost|null, sparkline: number[], playable: boolean|null}} RunSummary
 * @typedef {{dollars: number, forecast: number|null, score_per_dollar: number|null}} RunCost
 * @typedef {{generations: number|null, frames: number|null, seconds: number|null, target_score: number|null}} Budget
 * @typedef {{environment: {id: string, options: Object<string, any>}, architecture: string, hidden: number[],
 *   algorithm: "generational"|"block-free", population: number, parents: number, mutation_power: number,
 *   episodes: number, candidates: number, validation_episodes: number, test_episodes: number, budget: Budget,
 *   weight: number, seed: number|null}} Configuration
 * @typedef {RunSummary & {configuration: Configuration, architecture: Object|null, engine: string|null,
 *   description: Description|null, cloned_from: string|null}} RunDetail
 * @typedef {{number: number, closed_at: string, frames: number, seconds: number, episodes: number, best: number,
 *   mean: number, median: number, sd: number, quartile_low: number, quartile_high: number, worst: number,
 *   elite_index: number, elite_born: [number, number], elite_carried: boolean, elite_length: number,
 *   elite_seeds: number[]|null,
 *   validation: ScoreSummary|null, test: ScoreSummary|null, late: number}} GenerationView
 * @typedef {{index: number, parent: [number, number]|null, seed: number|null, carried: boolean,
 *   fitness: number|null, evaluation: ScoreSummary|null, validation: ScoreSummary|null, test: ScoreSummary|null,
 *   rank: number|null, selected: boolean, elite: boolean, seeds: number[]|null}} IndividualView
 * @typedef {{policy: string, document: ChainDocument, mean: number, n: number, sd: number|null, distinct: number,
 *   phase: string, protocol: string, engine: string, born: [number, number], run: string}} BestPolicy
 * @typedef {{format: string, architecture: Object, environment: Object, seeds: number[],
 *   power: number|number[]}} ChainDocument
 * @typedef {{id: string, name: string, host: string, version: string, processor: string, slots: number,
 *   state: "working"|"idle"|"set aside"|"left"|"preempted"|"crashed"|"lost", first_seen_at: string,
 *   last_seen_at: string, episodes: number, frames: number, frames_per_second: number,
 *   runs: {run: string, name: string, episodes_leased: number}[],
 *   environments: number, refused: number, handed_back: number, reason: string|null}} WorkerView
 * @typedef {{address: string, reason: string, at: string, times: number}} RefusedView
 * @typedef {{observation_shape: number[], frames_per_second: number, deterministic: boolean,
 *   architectures: string[], problem: string|null}} Description
 * @typedef {{id: string, family: "atari"|"vector", workers: number, description: Description|null}} EnvironmentView
 * @typedef {{name: string, title: string, description: string, configuration: Partial<Configuration>}} PresetView
 * @typedef {{items: PresetView[], schema: Object}} Presets
 * @typedef {{kind: "run"|"imported"|"shipped", run: string|null, run_name: string|null, generation: number|null,
 *   index: number|null}} Origin
 * @typedef {ScoreSummary & {source: "validation"|"test"|"job"|"document", protocol: string,
 *   engine: string|null}} PolicyScore
 * @typedef {{id: string, policy: string, seed: number, label: "best"|"median"|"worst"|"asked"|"library",
 *   state: "waiting"|"recorded"|"failed", problem: string|null, environment_id: string, score: number|null,
 *   steps: number|null, frames: number|null, digest: string|null, engine: string|null, video: boolean,
 *   poster: boolean, verified: {at: string, engine: string|null, problem: string|null}|null,
 *   created_at: string}} RolloutView
 * @typedef {{id: string, kind: "test"|"recording"|"verification", policy: string, rollout: string|null,
 *   environment: Object, protocol: string, state: "waiting"|"running"|"done"|"failed"|"cancelled",
 *   problem: string|null, done: number, total: number,
 *   score: ScoreSummary|null, created_at: string}} JobView
 * @typedef {{id: string, name: string, environment: {id: string}, architecture: {name: string}, format: string,
 *   length: number, origin: Origin, score: PolicyScore|null, normalised: number|null, tags: string[],
 *   created_at: string, rollout: RolloutView|null}} PolicySummary
 * @typedef {{seed: number, score: number, steps: number|null, frames: number|null, source: string,
 *   protocol: string}} EpisodeScore
 * @typedef {PolicySummary & {document: ChainDocument, protocol: string, parameters: number,
 *   parameters_sha256: string|null,
 *   chain_bytes: number, weights_bytes: number, scores: PolicyScore[], episodes: EpisodeScore[],
 *   reference: {random: number, human: number, source: string}|null, rollouts: RolloutView[],
 *   jobs: JobView[]}} PolicyDetail
 * @typedef {{value: string, name: string|null, count: number}} Facet
 * @typedef {{total: number, environments: Facet[], origins: Facet[], runs: Facet[], tags: Facet[]}} PolicyFacets
 * @typedef {{parent: number|null, length: number, policies: string[]}} LineageNode
 * @typedef {{generation: number, index: number, fitness: number|null, validation: ScoreSummary|null,
 *   policy: string|null}} Ancestor
 * @typedef {{generation: number, policy: string, mean: number|null, recordings: number}} EliteView
 * @typedef {{id: string, kind: "token"|"browser", name: string, role: "viewer"|"operator"|"worker",
 *   state: "active"|"expired"|"revoked", issuer: string|null, created_at: string, expires_at: string|null,
 *   used_at: string|null}} TokenView
 * @typedef {{field: string, message: string}} FieldError
 */
export {};

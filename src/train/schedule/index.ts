export { EarlyStop, type EarlyStopState } from './early-stop.js';
export { type PlateauOptions, type PlateauState, ReduceOnPlateau } from './plateau.js';

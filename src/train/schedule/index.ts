export { EarlyStop, type EarlyStopState } from './early-stop.js';
export { type PlateauOptions, type PlateauState, ReduceOnPlateau } from './plateau.js';
export { StepDecay, type StepDecayOptions, type StepDecayState } from './step-decay.js';

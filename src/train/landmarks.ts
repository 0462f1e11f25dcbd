/** Landmarks are part of the model's face, which also browsers load; training code takes them from here. */
export { angleOfProgression, LANDMARK_NAMES, type Landmarks, type Point } from '../model/landmarks.js';

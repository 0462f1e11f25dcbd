/** Has no types of its own; importing it is all there is to it. */
declare module '@tensorflow/tfjs-core/dist/register_all_gradients';

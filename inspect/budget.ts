import type { Gpu } from './gpus.js';
export async function checkBudget(_: readonly Gpu[]): Promise<void> {}
export async function updateBudget(_: readonly Gpu[]): Promise<void> {}

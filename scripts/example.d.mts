export function serveLiveTraining(port: number): Promise<{ url: string; close(): Promise<void> }>;

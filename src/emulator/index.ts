/** emulator: the composition root. Alone knows time and chance. */
export * from './contract.ts';

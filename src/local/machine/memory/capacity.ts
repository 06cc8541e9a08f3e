/** What the container engine and the agent take of an instance's memory, in MiB, as they do on Amazon Linux 2023. */
const engineMiB = 200

/**
 * What is left for the containers of an instance, in MiB: all of its type's memory but what its kernel keeps and what
 * engine and agent take. Of 1024 MiB a kernel leaves about 912, of 2048 about 1904 (kernel logs of Amazon Linux on T3).
 */
export function containerMemoryMiB(typeMemoryMiB: number): number {
  return typeMemoryMiB - 80 - Math.ceil(typeMemoryMiB / 32) - engineMiB
}

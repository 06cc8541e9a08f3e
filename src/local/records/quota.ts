/** A request for more, which is at the same time what was granted. */
export interface QuotaChange {
  Id: string
  ServiceCode: string
  QuotaCode: string
  DesiredValue: number
  Created: string
  /** ARN of who asked. */
  Requester: string
}

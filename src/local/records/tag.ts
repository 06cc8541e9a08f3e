export interface Tag {
  Key: string
  Value: string
}

import { DeleteItemCommand, DescribeTableCommand, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { InvalidOptionsError, SessionTooLargeError } from 'fastsessions'

/** An item may have 409,600 bytes. The rest is for what stands beside the payload. */
const MAX_DATA_BYTES = 390_000

export class DynamoBackend {
  atomic = true

  constructor (client, table, { prefix = '', now = Date.now } = {}) {
    this.client = client
    this.table = table
    this.prefix = prefix
    this.now = now
  }

  bind ({ property, now }) {
    return new DynamoBackend(this.client, this.table, { prefix: `${this.prefix}${property}:`, now })
  }

  async prepare () {
    try {
      await this.client.send(new DescribeTableCommand({ TableName: this.table }))
    } catch (error) {
      if (error.name !== 'ResourceNotFoundException') throw error
      throw new InvalidOptionsError(`Expected \`table\` to exist, got '${this.table}': create it with the key id (S)`)
    }
  }

  async read (id) {
    if (!isId(id)) return null
    const { Item: item } = await this.client.send(new GetItemCommand({ ...this.at(id), ConsistentRead: true }))
    if (item === undefined || Number(item.expiresAt.N) <= this.now()) return null
    return {
      ...JSON.parse(item.record.S),
      data: item.data.S,
      lastAccessedAt: Number(item.lastAccessedAt.N),
      expiresAt: Number(item.expiresAt.N)
    }
  }

  async write (id, record, expectedVersion) {
    const { data, ...rest } = record
    const size = Buffer.byteLength(data)
    if (size > MAX_DATA_BYTES) throw new SessionTooLargeError(size, MAX_DATA_BYTES)
    const isWritten = await this.sendIf(new PutItemCommand({
      TableName: this.table,
      Item: {
        id: { S: this.prefix + id },
        version: { N: String(record.version) },
        data: { S: data },
        record: { S: JSON.stringify(rest) },
        lastAccessedAt: { N: String(record.lastAccessedAt) },
        ...deadline(record)
      },
      ...this.condition(record, expectedVersion)
    }))
    if (isWritten) return id
    const stands = await this.read(id)
    return stands?.version === record.version ? id : stands
  }

  async touch (id, record) {
    if (!isId(id)) return false
    const { expiresAt, ttl } = deadline(record)
    const isTouched = await this.sendIf(new UpdateItemCommand({
      ...this.at(id),
      UpdateExpression: 'SET lastAccessedAt = :lastAccessedAt, expiresAt = :expiresAt, #ttl = :ttl',
      ConditionExpression: 'version = :version AND expiresAt > :now',
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ExpressionAttributeValues: {
        ':lastAccessedAt': { N: String(record.lastAccessedAt) },
        ':expiresAt': expiresAt,
        ':ttl': ttl,
        ':version': { N: String(record.version) },
        ':now': { N: String(this.now()) }
      }
    }))
    return isTouched || await this.read(id) !== null
  }

  async remove (id) {
    if (isId(id)) await this.client.send(new DeleteItemCommand(this.at(id)))
  }

  removeExpired () {
    return 0
  }

  at (id) {
    return { TableName: this.table, Key: { id: { S: this.prefix + id } } }
  }

  /** The rule of `expectedVersion`. What has expired is absent. */
  condition ({ version }, expectedVersion) {
    const own = { N: String(version) }
    const now = { N: String(this.now()) }
    const absent = 'attribute_not_exists(id) OR expiresAt <= :now'
    if (expectedVersion === undefined) {
      return { ConditionExpression: `${absent} OR version <> :own`, ExpressionAttributeValues: { ':now': now, ':own': own } }
    }
    if (expectedVersion === 0) return { ConditionExpression: absent, ExpressionAttributeValues: { ':now': now } }
    return {
      ConditionExpression: 'version = :expected AND version <> :own AND expiresAt > :now',
      ExpressionAttributeValues: { ':expected': { N: String(expectedVersion) }, ':own': own, ':now': now }
    }
  }

  /** Sends a conditional command. `false` when the condition does not hold. */
  async sendIf (command) {
    try {
      await this.client.send(command)
      return true
    } catch (error) {
      if (error.name === 'ConditionalCheckFailedException') return false
      throw error
    }
  }
}

/** Ids come from outside too, and DynamoDB refuses keys that are too long. */
function isId (id) {
  return /^[0-9a-f]{64}$/.test(id)
}

/** DynamoDB deletes by seconds, some hours late. */
function deadline ({ expiresAt }) {
  return { expiresAt: { N: String(expiresAt) }, ttl: { N: String(Math.ceil(expiresAt / 1000)) } }
}

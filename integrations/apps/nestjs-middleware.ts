import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common'
import { AppModule } from './nestjs.js'

/** For each request: whether middleware of Nest found a session. */
export const seenByMiddleware: boolean[] = []

@Module({ imports: [AppModule] })
export class ModuleWithMiddleware implements NestModule {
  configure (consumer: MiddlewareConsumer): void {
    consumer.apply((request: object, _response: object, next: () => void) => {
      seenByMiddleware.push('session' in request)
      next()
    }).forRoutes('*path')
  }
}

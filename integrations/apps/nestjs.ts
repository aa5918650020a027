import 'reflect-metadata'
import {
  type CanActivate, Controller, type ExecutionContext, Get, Injectable, Module, Param, Post,
  Session as TheSession, type Type, UnauthorizedException, UseGuards
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication, RouteConfig } from '@nestjs/platform-fastify'
import type { FastifyRequest } from 'fastify'
import sessions, { MemoryBackend, type Session } from 'fastsessions'

@Injectable()
class SignedIn implements CanActivate {
  canActivate (context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<FastifyRequest>()
    if (session.subject === null) throw new UnauthorizedException()
    return true
  }
}

@Controller()
class AccountController {
  @Post('sign-in/:name')
  async signIn (@TheSession() session: Session, @Param('name') name: string): Promise<void> {
    await session.login(name)
  }

  @Get('me')
  @UseGuards(SignedIn)
  me (@TheSession() session: Session): string | null {
    return session.subject
  }

  // The same without a guard.
  @Get('orders')
  @RouteConfig({ session: { required: 'subject' } })
  orders (@TheSession() session: Session): string {
    return `orders of ${session.subject}`
  }

  @Post('sign-out')
  async signOut (@TheSession() session: Session): Promise<void> {
    await session.destroy()
  }
}

@Module({ controllers: [AccountController] })
export class AppModule {}

export async function build (module: Type = AppModule): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: ['error'] })
  await app.register(sessions, { backend: new MemoryBackend() })
  await app.init()
  await app.getHttpAdapter().getInstance().ready()
  return app
}

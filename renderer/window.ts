import './no-eval.ts'
import { mount } from 'svelte'
import App from './App.svelte'
import Lost from './views/Lost.svelte'
import NotConnected from './views/NotConnected.svelte'
import { connect, NoSession } from './client.ts'
import { coffer } from './state/coffer.ts'

const target = document.getElementById('app')
const starting = document.getElementById('starting')
if (target === null || starting === null) throw new Error('the page has no #app or no #starting')

try {
  const { client, host, lost } = await connect()
  Object.assign(coffer, { client, host })
  mount(App, { target, props: { lost, onready: () => starting.remove() } })
} catch (error) {
  mount(error instanceof NoSession ? NotConnected : Lost, { target })
  starting.remove()
}

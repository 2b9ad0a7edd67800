/** What is wrong with data that crosses a border; the message is a sentence that a person can act on. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code: 'yaml' | 'osvapp' | 'boot-configuration';

  constructor(code: ContractError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

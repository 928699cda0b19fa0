declare module '@getodk/web-forms' {
  import type { DefineComponent, Plugin } from 'vue';

  /** What the component gives when the form is complete. */
  export interface Payload {
    status: 'ready' | 'pending';
    submissionMeta: { encryptionKey: unknown } | null;
    data: readonly (FormData & { instanceFile: File; attachments: readonly File[] })[];
  }
  export const OdkWebForm: DefineComponent<Record<string, unknown>>;
  export const POST_SUBMIT__NEW_INSTANCE: unique symbol;
  export const webFormsPlugin: Plugin;
}

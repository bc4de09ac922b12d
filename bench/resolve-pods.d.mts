export declare const podsAddress: string;

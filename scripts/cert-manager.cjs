// Are the resources of cert-manager on standard input (a JSON list) as its own definitions want them?
// COUNTERSIGN_NODE_MODULES/@kubernetes-models/cert-manager has those. A Bundle is trust-manager's, whose
// definitions no package has; it is passed over, and any other stranger is an error.

const path = require('node:path');

const models = require(path.join(process.env.COUNTERSIGN_NODE_MODULES, '@kubernetes-models/cert-manager/cert-manager.io/v1'));

for (const { apiVersion, kind, ...rest } of JSON.parse(require('node:fs').readFileSync(0, 'utf8'))) {
    if (kind === 'Bundle') continue;
    if (apiVersion !== 'cert-manager.io/v1' || !models[kind]) throw new Error(`${apiVersion} ${kind} is not known`);
    new models[kind](rest).validate();
    console.log(`${kind}/${rest.metadata.name} is valid`);
}

// Each model is asked for by its own name: without this, all calls go to the default of the configuration.
module.exports = async function router(request, config) {
  const [provider] = config.Providers;
  return `${provider.name},${request.body.model}`;
};

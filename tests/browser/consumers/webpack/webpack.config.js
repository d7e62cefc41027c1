module.exports = { entry: './main.js', performance: false, stats: 'errors-warnings' };

export default { menu: { console: 'Administration' } }

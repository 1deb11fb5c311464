export default { menu: { console: '管理' } }

export default { menu: { chat: '咨询', records: '咨询记录' } }
